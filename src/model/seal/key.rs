//! P-256 keys as JWK. Source: RFC 7518 6.2; emv-3ds.md 4.2.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};

/// A private key from random bytes; of 2^32 draws about one is drawn again.
pub fn make(random: &mut dyn FnMut(&mut [u8])) -> SecretKey {
    loop {
        let mut bytes = [0; 32];
        random(&mut bytes);
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return key;
        }
    }
}

/// A public key as JWK with `kty`, `crv`, `x` and `y`.
pub fn jwk(key: &PublicKey) -> Value {
    let point = key.to_sec1_point(false);
    // 04, then x and y with 32 bytes each: what "not compressed" means.
    let half = |at: usize| BASE64_URL_SAFE_NO_PAD.encode(point.as_bytes().get(at..at + 32).unwrap_or_default());
    json!({ "kty": "EC", "crv": "P-256", "x": half(1), "y": half(33) })
}

/// The public key of a JWK.
///
/// # Errors
/// What is wrong with it.
pub fn read(jwk: &Value) -> Result<PublicKey, String> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("kty") != Some("EC") {
        return Err("Not a key of kind EC (RSA only for the directory server)".into());
    }
    if text("crv") != Some("P-256") {
        return Err("The curve is P-256".into());
    }
    let coordinate =
        |name| text(name).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).filter(|x| x.len() == 32);
    let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) else {
        return Err("x and y are 32 bytes each: 43 characters of base64url without padding".into());
    };
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    PublicKey::from_sec1_bytes(&point).map_err(|_| "The point is not on the curve".into())
}

/// What is wrong with a public key of the protocol; `None` if it is good, or of a kind that
/// the protocol leaves to RSA. Source: emv-3ds.md 4.2.
pub fn fault(jwk: &Value) -> Option<String> {
    if jwk.get("kty").and_then(Value::as_str) == Some("RSA") {
        return None;
    }
    read(jwk).err()
}
