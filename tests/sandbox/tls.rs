//! The listener under the vendor's names. Source: sessions-api.md 1.1, 1.3, 9.2; trust.md R17.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use serde_json::{Value, json};
use sessions_console::clock::stamp;
use sessions_console::sandbox::{Config, Papers, Tls};
use sessions_console::serve;

use crate::lab::*;

/// A sandbox with a TLS listener, and what its clients trust.
struct Secure {
    lab: Lab,
    addr: SocketAddr,
    roots: RootCertStore,
}

impl Secure {
    fn new() -> Self {
        let papers = Papers::renewed(None, stamp().wall);
        let roots = trusting(&papers);
        let lab = Lab::with(|config| Config { tls: Some(Tls { port: 0, papers, ca_file: None }), ..config });
        let addr = lab.sandbox.tls_addr().expect("it listens for TLS");
        Self { lab, addr, roots }
    }

    /// A client that trusts nothing but the authority.
    fn connect(&self, name: &str, offers: &[&str]) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
        shake_hands(self.addr, name, offers, self.roots.clone(), rustls::ALL_VERSIONS)
    }

    fn ask(&self, name: &str, host: &str, method: &str, path: &str, more: &str, body: &str) -> Answer {
        let mut stream = self.connect(name, &["http/1.1"]).expect("a handshake");
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).expect("the sandbox reads");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer, and a proper end of TLS");
        read(bytes)
    }
}

fn trusting(papers: &Papers) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(papers.authority.as_bytes()).expect("PEM")).expect("an authority");
    roots
}

fn shake_hands(
    addr: SocketAddr,
    name: &str,
    offers: &[&str],
    roots: RootCertStore,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("known versions");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = offers.iter().map(|offer| offer.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let socket = TcpStream::connect(addr).expect("it listens");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket option");
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|error| error.to_string())?;
    }
    Ok(stream)
}

#[test]
fn a_client_with_a_fixed_vendor_address_walks_through() {
    let secure = Secure::new();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        secure.lab.sandbox.client_id(),
        secure.lab.sandbox.client_secret().expose()
    );
    let typed = "Content-Type: application/x-www-form-urlencoded\r\n";
    let access = "access.sandbox.checkout.com";
    let token = secure.ask(access, access, "POST", "/connect/token", typed, &form);
    assert_eq!(token.status, 200, "{token:?}");
    assert!(token.header("Cko-Request-Id").is_some(), "the spelling that case-sensitive clients look up: {token:?}");
    let headers =
        format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", text(&token.json(), "access_token"));
    let body = hosted(CHALLENGE_CARD, Value::Null).to_string();
    let api = "ab12cd34.api.sandbox.checkout.com";
    let session = secure.ask(api, api, "POST", "/sessions", &headers, &body).json();
    let id = text(&session, "id");
    let base = "https://ab12cd34.api.sandbox.checkout.com";
    assert_eq!(text(&session["_links"]["self"], "href"), format!("{base}/sessions/{id}"));
    assert_eq!(text(&session["_links"]["redirect_url"], "href"), format!("{base}/sessions-interceptor/{id}"));
    // Both listeners are one sandbox; each names itself.
    let plain = secure.lab.get(id);
    assert_eq!(text(&plain["_links"]["self"], "href"), format!("http://{}/sessions/{id}", secure.lab.addr));
}

#[test]
fn http_2_is_never_chosen() {
    let secure = Secure::new();
    let chosen = |offers: &[&str]| {
        let stream = secure.connect("localhost", offers)?;
        Ok::<_, String>(stream.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()))
    };
    assert_eq!(chosen(&["h2", "http/1.1"]), Ok(Some("http/1.1".to_owned())));
    assert_eq!(chosen(&["http/1.1"]), Ok(Some("http/1.1".to_owned())));
    assert_eq!(chosen(&[]), Ok(None));
    let refused = chosen(&["h2"]).expect_err("only HTTP/2");
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
}

#[test]
fn old_and_new_tls_is_spoken_and_whoever_trusts_another_authority_is_not_fooled() {
    let secure = Secure::new();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = shake_hands(secure.addr, "api.sandbox.checkout.com", &[], secure.roots.clone(), &[version]);
        assert_eq!(stream.expect("a handshake").conn.protocol_version(), Some(version.version));
    }
    let others = trusting(&Papers::renewed(None, stamp().wall));
    for (name, roots) in [("localhost", others), ("api.checkout.com", secure.roots.clone())] {
        let refused = shake_hands(secure.addr, name, &[], roots, rustls::ALL_VERSIONS);
        assert!(refused.expect_err(name).contains("certificate"), "{name}");
    }
}

#[test]
fn vendor_names_are_known_on_tls_only() {
    let secure = Secure::new();
    let port = secure.addr.port();
    let status = |host: &str| secure.ask("localhost", host, "GET", "/sessions/sid_x", "", "").status;
    for host in [
        "api.sandbox.checkout.com".to_owned(),
        "access.sandbox.checkout.com".to_owned(),
        "pl-abc.api.sandbox.checkout.com".to_owned(),
        format!("abc.access.sandbox.checkout.com:{port}"),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("abc.localhost:{port}"),
    ] {
        assert_eq!(status(&host), 401, "{host}");
    }
    for host in
        ["api.checkout.com", "evil.test", "a.b.api.sandbox.checkout.com", "localhost", "api.sandbox.checkout.com:1"]
    {
        assert_eq!(status(host), 421, "{host}");
    }
    let plain = |host: &str| {
        raw(
            secure.lab.addr,
            format!("GET /sessions/sid_x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes(),
        )
    };
    assert_eq!(plain("api.sandbox.checkout.com").status, 421);
    assert_eq!(plain(&format!("api.sandbox.checkout.com:{}", secure.lab.addr.port())).status, 421);
}

#[test]
fn control_routes_need_their_token_here_too() {
    let secure = Secure::new();
    let api = "api.sandbox.checkout.com";
    assert_eq!(secure.ask(api, api, "GET", "/_sandbox/clock", "", "").status, 401);
    let token = format!("Authorization: Bearer {}\r\n", secure.lab.sandbox.control_token().expose());
    assert_eq!(secure.ask(api, api, "GET", "/_sandbox/clock", &token, "").json()["mode"], json!("freeze"));
}

/// A server with nothing behind it, and what its clients trust.
fn bare(connections: usize, head_time: Duration) -> (tokio::runtime::Runtime, serve::Server, RootCertStore) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("fine");
    let tls = tls.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).expect("a pair");
    let limits = serve::Limits { head_time, ..serve::Limits::default() };
    let config = serve::Config::new("test", 0).connections(connections).tls(Arc::new(tls), &[]).limits(limits);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(serve::Server::start(config, axum::Router::new())).expect("a free port");
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a certificate");
    (runtime, server, roots)
}

/// Waits until it is so.
fn until(server: &serve::Server, so: impl Fn(serve::Stats) -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !so(server.stats()) {
        assert!(Instant::now() < end, "{:?}", server.stats());
        std::thread::yield_now();
    }
}

#[test]
fn a_handshake_has_only_the_time_of_a_head_and_plain_bytes_get_no_answer() {
    let (_runtime, server, _) = bare(4, Duration::from_millis(300));
    let mut plain = TcpStream::connect(server.addr).expect("it listens");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("bytes go out");
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).ok(); // a reset is as good
    assert!(!answer.starts_with(b"HTTP"), "no plain answer");
    until(&server, |stats| stats.open == 0);
    let before = server.stats().timed_out;
    let mut silent = TcpStream::connect(server.addr).expect("it listens");
    assert_eq!(silent.read(&mut [0; 8]).expect("an end"), 0, "closed without a word");
    until(&server, |stats| stats.open == 0);
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.timed_out, stats.requests), (2, before + 1, 0));
}

#[test]
fn a_handshake_counts_as_a_slot_and_is_the_first_to_go() {
    let (_runtime, server, roots) = bare(1, Duration::from_secs(60));
    let mut silent = TcpStream::connect(server.addr).expect("it listens");
    until(&server, |stats| stats.open == 1);
    let mut stream = shake_hands(server.addr, "localhost", &[], roots, rustls::ALL_VERSIONS).expect("room was made");
    assert_eq!(silent.read(&mut [0; 8]).expect("an end"), 0);
    let port = server.addr.port();
    let request = format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("bytes go out");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer, and a proper end of TLS");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert_eq!(server.stats().evicted, 1);
}
