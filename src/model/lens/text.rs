//! Base64 in both alphabets and percent-coding: read tolerantly, with each departure from what
//! is due said. Source: RFC 4648, RFC 7515 2; emv-3ds.md 2.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Mark;

/// Reads what others write: with padding or without.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Which base64 is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// base64url without padding.
    Url,
    /// Standard base64 with padding.
    Standard,
    /// Either.
    Any,
}

/// The bytes of base64 text, and what is not as it is due. An error is the reason why there
/// are none.
pub(super) fn base64(text: &str, due: Due) -> (Result<Vec<u8>, String>, Vec<Mark>) {
    let mut marks = Vec::new();
    let plain = percent(text);
    if plain.is_some() {
        marks.push(Mark::odd("Percent-encoded once more than is due: it was decoded"));
    }
    let text = plain.as_deref().unwrap_or(text);
    let has = |letters: &[char]| text.contains(letters);
    if text.contains(' ') {
        marks
            .push(Mark::wrong("A blank in it: a bare + in a form arrives so. Write %2B, or base64url, which has no +"));
    }
    if has(&['\r', '\n', '\t']) {
        marks.push(Mark::odd("Line breaks in it: base64 on the wire has none"));
    }
    match due {
        Due::Url if has(&['+', '/']) => {
            marks.push(Mark::wrong("Standard base64 where base64url is due: write - for + and _ for /"));
        }
        Due::Standard if has(&['-', '_']) => {
            marks.push(Mark::wrong("Base64url where standard base64 is due: write + for - and / for _"));
        }
        _ => (),
    }
    let padded = text.trim_end().ends_with('=');
    let kept: String = text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\t' | '=')).map(standard).collect();
    match due {
        Due::Url if padded => marks.push(Mark::wrong("Padding in base64url: leave out the =")),
        Due::Standard if !padded && !kept.len().is_multiple_of(4) => {
            marks.push(Mark::wrong("Padding is missing: standard base64 ends in = up to a length that four divides"));
        }
        _ => (),
    }
    let bytes = TOLERANT.decode(&kept).map_err(|_| reason(&kept));
    (bytes, marks)
}

/// The bytes of base64 text in either alphabet, whatever is not as it is due.
pub(in crate::model) fn unpacked(text: &str) -> Option<Vec<u8>> {
    base64(text, Due::Any).0.ok()
}

fn standard(c: char) -> char {
    match c {
        '-' | ' ' => '+',
        '_' => '/',
        c => c,
    }
}

/// Why text is no base64.
fn reason(text: &str) -> String {
    let stranger = text.chars().enumerate().find(|(_, c)| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/')));
    match stranger {
        Some((at, c)) => format!("Not base64: character {} is {c:?}, which belongs to no base64", at + 1),
        None => format!("Not base64: {} characters cannot be; one is missing or too many", text.chars().count()),
    }
}

/// Text without its percent-coding; `None` if it has none.
pub(super) fn percent(text: &str) -> Option<String> {
    let coded = |at: usize| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    text.match_indices('%').any(|(at, _)| coded(at)).then(|| {
        // A form's + is none of percent-coding's business.
        let kept = text.replace('+', "%2B");
        let pair = format!("x={kept}");
        let decoded = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
        decoded.unwrap_or_default()
    })
}

/// The first characters, with a sign that there are more.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// True for what a mask left. Source: `model::redact`.
pub(super) fn is_masked(text: &str) -> bool {
    text.contains("****") || text.contains("••••")
}

/// True for text that a person can read.
pub(super) fn is_readable(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    !bytes.is_empty() && text.is_ok_and(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')))
}

/// Bytes as pairs of digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
