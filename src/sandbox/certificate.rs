//! The certificates of the TLS listener: a local authority, and the server's certificate.
//!
//! Hides how they are made and when they are due. Promises: the authority can vouch for the
//! vendor's sandbox names and this machine only (name constraints), so whoever trusts it does
//! not trust it with anything else; what is still good is kept, so that it is trusted once.
//! Knows no files: PEM text in, PEM text out. Source: sessions-api.md 1.1, 9.2.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};

use super::keys::hmac;
use crate::model::Secret;

/// The vendor's names, to which the TLS listener alone answers. Source: sessions-api.md 1.1.
pub(super) const VENDOR_NAMES: &[&str] = &[
    "api.sandbox.checkout.com",
    "access.sandbox.checkout.com",
    "*.api.sandbox.checkout.com",
    "*.access.sandbox.checkout.com",
];
/// What the server's certificate says besides. Our choice: every loopback name.
const OWN_NAMES: &[&str] = &["localhost", "127.0.0.1", "::1"];
/// How long a server's certificate lasts: browsers take 398 days at most.
const LASTS: SignedDuration = SignedDuration::from_hours(397 * 24);
/// Days before its end in which it is replaced, so that no run outlives it.
const MARGIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An authority and a server's certificate, each with its key, as PEM text.
#[derive(Debug, Clone)]
pub struct Papers {
    /// What a client has to trust.
    pub authority: String,
    /// Signs new server certificates; never leaves the data folder.
    pub authority_key: Secret,
    /// What the listener shows.
    pub server: String,
    /// The key that belongs to it.
    pub server_key: Secret,
}

impl Papers {
    /// What is kept as far as it is good for the next thirty days, the rest made anew: the
    /// server's certificate when it runs out, the authority only if it is damaged.
    pub fn renewed(kept: Option<Self>, now: Timestamp) -> Self {
        if let Some(kept) = kept {
            if kept.serves(now) {
                return kept;
            }
            let again = KeyPair::from_pem(kept.authority_key.expose()).ok();
            let again = again.map(|key| Self::issued(kept.authority, &key, now)).filter(|papers| papers.serves(now));
            if let Some(papers) = again {
                return papers;
            }
        }
        let key = key();
        let authority = authority(&key).self_signed(&key).expect("the parameters are constant and valid");
        Self::issued(authority.pem(), &key, now)
    }

    /// A server's certificate with a key of its own, signed by this authority.
    fn issued(authority_pem: String, authority_key: &KeyPair, now: Timestamp) -> Self {
        let (server_key, names) = (key(), VENDOR_NAMES.iter().chain(OWN_NAMES));
        let server = leaf(names.map(|name| (*name).to_owned()).collect(), &server_key, authority_key, now);
        Self {
            authority: authority_pem,
            authority_key: Secret::new(authority_key.serialize_pem()),
            server,
            server_key: Secret::new(server_key.serialize_pem()),
        }
    }

    /// True if a client that trusts the authority takes the server's certificate for every
    /// name, now and at the end of the margin, and the key belongs to it.
    fn serves(&self, now: Timestamp) -> bool {
        let names = VENDOR_NAMES.iter().chain(OWN_NAMES).map(|name| name.replace('*', "abc123"));
        let good =
            |name: String| [now, now.saturating_add(MARGIN).unwrap_or(now)].iter().all(|at| self.proves(&name, *at));
        self.server_config().is_some() && names.into_iter().all(good)
    }

    /// Whether such a client takes it for one name at one time.
    fn proves(&self, name: &str, at: Timestamp) -> bool {
        let check = || {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(self.authority.as_bytes()).ok()?).ok()?;
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().ok()?;
            let server = CertificateDer::from_pem_slice(self.server.as_bytes()).ok()?;
            let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.as_second()).ok()?));
            verifier.verify_server_cert(&server, &[], &ServerName::try_from(name).ok()?, &[], at).ok()
        };
        check().is_some()
    }

    /// What the listener runs with: HTTP/1.1 and never HTTP/2, which would lowercase header
    /// names. `None` if certificate and key cannot be read or do not belong together.
    /// Source: sessions-api.md 1.3.
    pub(super) fn server_config(&self) -> Option<ServerConfig> {
        let server = CertificateDer::from_pem_slice(self.server.as_bytes()).ok()?;
        let key = PrivateKeyDer::from_pem_slice(self.server_key.expose().as_bytes()).ok()?;
        let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().ok()?;
        let mut config = config.with_no_client_auth().with_single_cert(vec![server], key).ok()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(config)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn key() -> KeyPair {
    KeyPair::generate().expect("P-256 is built in and the system has a random source")
}

/// The authority of a key. Everything in it follows from the key, so that it can be named
/// again from the key alone; two installations never have the same name. Its dates are
/// constant: what limits the harm is what it may sign.
fn authority(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mark = hmac(b"sandbox authority", &[key.public_key_raw()]);
    let mark: String = mark[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(DnType::OrganizationName, "Sessions Console");
    params.distinguished_name.push(DnType::CommonName, format!("Sessions Console local sandbox {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2049, 12, 31));
    let names = VENDOR_NAMES.iter().filter(|name| !name.starts_with('*')).chain(["localhost"].iter());
    let names = names.map(|name| GeneralSubtree::DnsName((*name).to_owned()));
    let mut loopback6 = [0; 16];
    loopback6[15] = 1;
    let addresses = [CidrSubnet::V4([127, 0, 0, 1], [255; 4]), CidrSubnet::V6(loopback6, [255; 16])];
    let permitted_subtrees = names.chain(addresses.map(GeneralSubtree::IpAddress)).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    params
}

/// A server's certificate for these names, as PEM.
fn leaf(names: Vec<String>, key: &KeyPair, authority_key: &KeyPair, now: Timestamp) -> String {
    let mut params = CertificateParams::new(names).expect("the names are constant and valid");
    params.distinguished_name.push(DnType::CommonName, "Sessions Console sandbox");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let day = |moment: Timestamp| {
        let date = moment.to_zoned(TimeZone::UTC).date();
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    let later = |by: SignedDuration| now.saturating_add(by).unwrap_or(now);
    // From yesterday, for clients whose clock is slow.
    (params.not_before, params.not_after) = (day(later(SignedDuration::from_hours(-24))), day(later(LASTS)));
    let issuer = Issuer::new(authority(authority_key), authority_key);
    params.signed_by(key, &issuer).expect("the parameters are valid and the key signs").pem()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn good_papers_are_kept_and_a_certificate_that_runs_out_is_replaced_under_the_same_authority() {
        let first = Papers::renewed(None, at("2026-03-01T12:00:00Z"));
        let kept = Papers::renewed(Some(first.clone()), at("2026-12-01T12:00:00Z"));
        assert_eq!((&kept.server, &kept.authority), (&first.server, &first.authority));
        let replaced = Papers::renewed(Some(first.clone()), at("2027-03-10T12:00:00Z"));
        assert_ne!(replaced.server, first.server);
        assert_eq!(replaced.authority, first.authority);
        assert!(replaced.serves(at("2027-04-20T12:00:00Z")));
    }

    #[test]
    fn damaged_papers_are_made_anew() {
        let now = at("2026-03-01T12:00:00Z");
        let whole = Papers::renewed(None, now);
        let other = Papers::renewed(None, now);
        let damaged_server = Papers { server: "x".into(), ..whole.clone() };
        assert_eq!(Papers::renewed(Some(damaged_server), now).authority, whole.authority);
        let wrong_key = Papers { server_key: other.server_key.clone(), ..whole.clone() };
        assert_eq!(Papers::renewed(Some(wrong_key), now).authority, whole.authority);
        let foreign = Papers { authority: other.authority.clone(), ..whole.clone() };
        let made = Papers::renewed(Some(foreign), now);
        assert!(made.serves(now) && made.authority != whole.authority && made.authority != other.authority);
    }

    #[test]
    fn the_authority_vouches_for_nothing_but_its_names() {
        let now = at("2026-03-01T12:00:00Z");
        let papers = Papers::renewed(None, now);
        let authority_key = KeyPair::from_pem(papers.authority_key.expose()).expect("a key");
        let forged = |name: &str| {
            let server_key = key();
            let server = leaf(vec![name.to_owned()], &server_key, &authority_key, now);
            let server_key = Secret::new(server_key.serialize_pem());
            Papers { server, server_key, ..papers.clone() }.proves(name, now)
        };
        assert!(forged("x1.api.sandbox.checkout.com") && forged("127.0.0.1") && forged("::1"));
        for name in ["api.checkout.com", "sandbox.checkout.com", "example.com", "127.0.0.2", "10.0.0.1", "::2"] {
            assert!(!forged(name), "{name}");
        }
    }
}
