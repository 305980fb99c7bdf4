//! The header lines that a tester meets, each in a sentence.
//! Source: sessions-api.md 1.2, 1.3, 2.7, 6.4; RFC 9110, 9111.

/// What a header is; `None` for one that nobody knows here.
pub fn header(name: &str) -> Option<&'static str> {
    TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, says)| *says)
}

const TABLE: &[(&str, &str)] = &[
    ("Authorization", "Who asks: «Bearer» and a token, or the session's secret alone; it decides what the API shows"),
    ("Content-Type", "What the body is, and in which letters"),
    ("Content-Length", "How many bytes the body has"),
    ("Accept", "What the sender would like to get; the API answers JSON whatever it says"),
    ("Accept-Encoding", "How the answer may be compressed"),
    ("Content-Encoding", "How the body is compressed"),
    ("Accept-Language", "Which languages the browser's user reads; 2.3.1 hands it to the bank"),
    ("User-Agent", "Which program sends; the bank compares it with browserUserAgent"),
    ("Host", "Which server is meant"),
    ("Connection", "Whether the connection stays open"),
    ("Date", "When the answer was made, by the server's clock"),
    ("Server", "Which program answers"),
    (
        "Cko-Request-Id",
        "The API's name for this call, the same as request_id of an error: give it to the vendor's support",
    ),
    ("Cko-Version", "Which version of the API answered"),
    ("Cko-Signature", "HMAC-SHA-256 of a webhook's exact body, by the key that was agreed on"),
    ("Cko-Idempotency-Key", "Makes repeated payments one; sessions take no notice of it"),
    ("cko-sdk-telemetry", "Numbers about earlier calls that SDKs send; of no effect"),
    ("channel", "GET of a session only: for whom next_actions are wanted, browser or app"),
    ("Retry-After", "How many seconds to wait before asking again"),
    ("Location", "Where the browser is to go"),
    ("Origin", "Which page made the browser send this; a post from the bank's page names the bank, or null"),
    ("Referer", "Which page the browser came from"),
    ("Cookie", "What the browser was told to keep; posts from another site come without"),
    ("Set-Cookie", "What the browser shall keep; behind a post from another site it needs SameSite=None; Secure"),
    ("Cache-Control", "Whether the answer may be kept"),
    ("Pragma", "The same for very old caches"),
    ("X-Frame-Options", "Whether a page may stand in a frame; on a bank's page it would shut the challenge out"),
    ("Content-Security-Policy", "What a page may load and who may frame it; too strict, the challenge stays empty"),
    ("X-Content-Type-Options", "The browser must not guess what the body is"),
    ("Referrer-Policy", "What the browser tells the next page"),
    ("Strict-Transport-Security", "From now on https only"),
    ("Transfer-Encoding", "The body comes in pieces, its length is not known before"),
    ("X-Request-ID", "2.3.1: the transaction id of the message"),
    ("X-Response-ID", "2.3.1: the transaction id of the answer"),
    ("Sec-Fetch-Site", "Whether the browser sends from the same site or another one"),
    ("Sec-Fetch-Mode", "How the browser sends: as a page, or for a script"),
    ("Sec-Fetch-Dest", "What the browser wants it for: document, iframe"),
    ("WWW-Authenticate", "Which proof of identity is wanted"),
];
