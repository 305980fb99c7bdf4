//! Is this request head fit to be served? The strict reading, before hyper's lenient one.
//!
//! Hides: where a head ends, and every rule on its bytes: line ends, folding, lengths,
//! codings, sizes, Host. Promises: a head that passes is read by hyper in the same way,
//! so nobody in front of us can be made to see another message boundary. Knows nothing
//! of sockets, time or routes. Source: trust.md R1, R4, R5, 1.7.

use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use memchr::{memchr, memchr3};

use super::Limits;
use super::hosts::Hosts;

/// Read from the socket at once.
const READ_BYTES: usize = 8 * 1024;
/// Longest method we know is `OPTIONS`; the rest is room for methods that testers make up.
const METHOD_BYTES: usize = 32;
/// ` HTTP/1.1` and the spaces around the target.
const REQUEST_LINE_REST: usize = 10;

/// Why a head was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Bytes that two parsers may read in two ways.
    Framing,
    /// No Host, two, or one that is not ours.
    Host,
    /// Request target over its cap.
    TargetTooLong,
    /// Head bytes or number of headers over the cap.
    HeadTooLarge,
    /// Announced body over the cap.
    BodyTooLarge,
    /// `TRACE` or `CONNECT`.
    Method,
    /// Not HTTP/1.0 or 1.1; also the preface of HTTP/2.
    Version,
    /// A content coding other than identity.
    Coding,
    /// An expectation other than `100-continue`.
    Expectation,
}

impl Refusal {
    /// The status that says so.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Framing => StatusCode::BAD_REQUEST,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Method => StatusCode::NOT_IMPLEMENTED,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Coding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
        }
    }
}

/// What follows a head on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes, then the next head. Zero without `Content-Length`.
    Length(u64),
    /// Chunks; the connection ends with this request (R5).
    Chunked,
}

/// What a fit head means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) framing: Framing,
    /// The Host was the public one, so this came through a tunnel.
    pub(super) public: bool,
}

/// Collects bytes until a head is whole.
#[derive(Debug, Default)]
pub(super) struct Collector {
    bytes: BytesMut,
    /// Bytes already looked at.
    seen: usize,
    /// Where the current line begins.
    line: usize,
    /// One empty line before a request line is forgiven (RFC 9112, 2.2).
    skipped: bool,
}

impl Collector {
    /// Where bytes are put as they come.
    pub(super) fn space(&mut self) -> &mut BytesMut {
        self.bytes.reserve(READ_BYTES);
        &mut self.bytes
    }

    /// What waits here, a head that was found included.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.bytes
    }

    /// Lets bytes go that were handed over.
    pub(super) fn release(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    /// A copy of the next whole head if there is one; the head itself stays here until it is
    /// released. Refuses as early as the bytes allow, so that a sender of bare line feeds is
    /// not waited for.
    pub(super) fn next(&mut self, limits: &Limits) -> Result<Option<Bytes>, Refusal> {
        if !self.skipped && self.seen == 0 && self.bytes.starts_with(b"\r\n") {
            self.bytes.advance(2);
            self.skipped = true;
        }
        while let Some(rest) = self.bytes.get(self.seen..).filter(|rest| !rest.is_empty()) {
            if self.seen == self.line && matches!(rest[0], b' ' | b'\t') {
                return Err(Refusal::Framing); // obs-fold
            }
            let Some(at) = memchr3(0, b'\r', b'\n', rest).map(|at| self.seen + at) else {
                self.seen = self.bytes.len();
                break;
            };
            self.seen = at;
            match (self.bytes[at], self.bytes.get(at + 1)) {
                (b'\r', None) => break, // decided when the next byte is here
                (b'\r', Some(b'\n')) if at == self.line => return self.finish(at + 2, limits),
                (b'\r', Some(b'\n')) => (self.line, self.seen) = (at + 2, at + 2),
                _ => return Err(Refusal::Framing),
            }
        }
        self.check_size(limits)?;
        Ok(None)
    }

    fn check_size(&self, limits: &Limits) -> Result<(), Refusal> {
        if self.line == 0 && self.bytes.len() > METHOD_BYTES + limits.target_bytes + REQUEST_LINE_REST {
            return Err(Refusal::TargetTooLong);
        }
        if self.bytes.len() > limits.head_bytes { Err(Refusal::HeadTooLarge) } else { Ok(()) }
    }

    fn finish(&mut self, length: usize, limits: &Limits) -> Result<Option<Bytes>, Refusal> {
        if self.line == 0 {
            return Err(Refusal::Framing); // a second empty line where a request line should be
        }
        if length > limits.head_bytes {
            return Err(Refusal::HeadTooLarge);
        }
        let head = Bytes::copy_from_slice(&self.bytes[..length]);
        (self.seen, self.line, self.skipped) = (0, 0, false);
        Ok(Some(head))
    }
}

/// Judges one whole head. `body_bytes` is the largest body that may be announced.
pub(super) fn judge(head: &[u8], hosts: &Hosts, limits: &Limits, body_bytes: usize) -> Result<Fit, Refusal> {
    let mut rest = Some(head.strip_suffix(b"\r\n\r\n").ok_or(Refusal::Framing)?);
    let mut next = || {
        let whole = rest?;
        let (line, more) = match memchr(b'\n', whole) {
            Some(end) => (&whole[..end], Some(&whole[end + 1..])),
            None => (whole, None),
        };
        rest = more;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    };
    let request = RequestLine::parse(next().ok_or(Refusal::Framing)?)?;
    let mut fields = Fields::default();
    while let Some(line) = next() {
        fields.read(line)?;
    }
    if fields.count > limits.headers {
        return Err(Refusal::HeadTooLarge);
    }
    request.check(limits)?;
    let framing = fields.framing(request.version)?;
    let public = fields.host(&request, hosts)?;
    fields.check_extras(framing, body_bytes)?;
    Ok(Fit { framing, public })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a str,
    version: Version,
    /// Of the absolute form.
    authority: Option<&'a str>,
}

impl<'a> RequestLine<'a> {
    fn parse(line: &'a [u8]) -> Result<Self, Refusal> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Refusal::Framing);
        };
        let visible = target.iter().all(u8::is_ascii_graphic);
        let target = std::str::from_utf8(target).ok().filter(|text| visible && !text.is_empty());
        let (true, Some(target)) = (is_token(method), target) else { return Err(Refusal::Framing) };
        let version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
                return Err(Refusal::Version);
            }
            _ => return Err(Refusal::Framing),
        };
        let authority = ["http://", "https://"].iter().find_map(|scheme| {
            let start = target.get(..scheme.len())?;
            let rest = &target[scheme.len()..];
            start.eq_ignore_ascii_case(scheme).then(|| rest.split(['/', '?', '#']).next().unwrap_or(rest))
        });
        Ok(Self { method, target, version, authority })
    }

    fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        if self.target.len() > limits.target_bytes {
            return Err(Refusal::TargetTooLong);
        }
        if matches!(self.method, b"TRACE" | b"CONNECT") {
            return Err(Refusal::Method);
        }
        let form = self.target.starts_with('/')
            || self.authority.is_some()
            || (self.target == "*" && self.method == b"OPTIONS");
        // hyper answers a target that it cannot parse by itself; none may get that far.
        let parses = self.target.parse::<http::Uri>().is_ok() && http::Method::from_bytes(self.method).is_ok();
        if form && parses { Ok(()) } else { Err(Refusal::Framing) }
    }
}

/// The headers that decide how a message is read; the others are only checked for form.
#[derive(Default)]
struct Fields<'a> {
    count: usize,
    hosts: Vec<&'a [u8]>,
    lengths: Vec<&'a [u8]>,
    transfer: Vec<&'a [u8]>,
    codings: Vec<&'a [u8]>,
    expectations: Vec<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(&mut self, line: &'a [u8]) -> Result<(), Refusal> {
        let colon = memchr(b':', line).ok_or(Refusal::Framing)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // No space before the colon, no control character in the value.
        let clean = value.iter().fold(true, |clean, byte| clean & (*byte == b'\t' || (*byte >= b' ' && *byte != 0x7f)));
        if !is_token(name) || !clean {
            return Err(Refusal::Framing);
        }
        self.count += 1;
        let lists = [
            ("host", &mut self.hosts),
            ("content-length", &mut self.lengths),
            ("transfer-encoding", &mut self.transfer),
            ("content-encoding", &mut self.codings),
            ("expect", &mut self.expectations),
        ];
        if let Some((_, list)) = lists.into_iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)) {
            list.push(value);
        }
        Ok(())
    }

    fn framing(&self, version: Version) -> Result<Framing, Refusal> {
        match (self.lengths.as_slice(), self.transfer.as_slice()) {
            ([], []) => Ok(Framing::Length(0)),
            ([length], []) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
                let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
                // More digits than a number can hold is a body over the cap, whatever the cap.
                Ok(Framing::Length(length.unwrap_or(u64::MAX)))
            }
            ([], [coding]) if version == Version::Http11 && coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Framing::Chunked)
            }
            _ => Err(Refusal::Framing),
        }
    }

    /// Whether the one Host is ours, and if so whether it is the public one.
    fn host(&self, request: &RequestLine<'_>, hosts: &Hosts) -> Result<bool, Refusal> {
        let only = match self.hosts.as_slice() {
            [only] => std::str::from_utf8(only).ok(),
            _ => None,
        };
        let equal = |host: &&str| request.authority.is_none_or(|named| named.eq_ignore_ascii_case(host));
        let verdict = only.filter(equal).and_then(|host| hosts.knows(host));
        if verdict.is_none() {
            hosts.note_refused(only.unwrap_or_default());
        }
        verdict.ok_or(Refusal::Host)
    }

    fn check_extras(&self, framing: Framing, body_bytes: usize) -> Result<(), Refusal> {
        if self.expectations.iter().any(|value| !value.eq_ignore_ascii_case(b"100-continue")) {
            return Err(Refusal::Expectation);
        }
        let identity = |value: &&[u8]| {
            value.split(|byte| *byte == b',').all(|one| one.trim_ascii().eq_ignore_ascii_case(b"identity"))
        };
        if !self.codings.iter().all(identity) {
            return Err(Refusal::Coding);
        }
        let allowed = u64::try_from(body_bytes).unwrap_or(u64::MAX);
        match framing {
            Framing::Length(length) if length > allowed => Err(Refusal::BodyTooLarge),
            Framing::Length(_) | Framing::Chunked => Ok(()),
        }
    }
}

/// RFC 9110, 5.6.2.
fn is_token(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|byte| IN_TOKEN[usize::from(*byte)])
}

/// Which bytes a token may have.
const IN_TOKEN: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let (others, mut at) = (b"!#$%&'*+-.^_`|~", 0);
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(bytes: &[u8], step: usize) -> Result<Option<Bytes>, Refusal> {
        let mut collector = Collector::default();
        for part in bytes.chunks(step) {
            collector.space().extend_from_slice(part);
            if let Some(head) = collector.next(&Limits::default())? {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    #[test]
    fn a_head_is_found_however_it_is_cut() {
        let head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        for step in 1..=head.len() {
            assert_eq!(collect(head, step), Ok(Some(Bytes::from_static(head))), "cut every {step} bytes");
            let blank = [b"\r\n".as_slice(), head].concat();
            assert_eq!(collect(&blank, step), Ok(Some(Bytes::from_static(head))), "after an empty line");
        }
    }

    #[test]
    fn doubtful_bytes_are_refused_however_they_are_cut() {
        for bytes in [
            b"GET / HTTP/1.1\nHost: x\n\n".as_slice(),
            b"GET / HTTP/1.1\r\nHost: x\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\0\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
            b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        ] {
            for step in 1..=bytes.len() {
                let shown = String::from_utf8_lossy(bytes);
                assert_eq!(collect(bytes, step), Err(Refusal::Framing), "{shown:?} cut every {step} bytes");
            }
        }
    }

    #[test]
    fn what_does_not_end_is_refused_at_its_cap() {
        let long = [b"GET /".as_slice(), &[b'a'; 2200]].concat();
        assert_eq!(collect(&long, 100), Err(Refusal::TargetTooLong));
        let line = [b"A: ".as_slice(), &[b'a'; 100], b"\r\n"].concat().repeat(200);
        let many = [b"GET / HTTP/1.1\r\n".as_slice(), &line].concat();
        assert_eq!(collect(&many, 100), Err(Refusal::HeadTooLarge));
    }
}
