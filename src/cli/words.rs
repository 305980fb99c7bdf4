//! Text from elsewhere on its way to a terminal: what would move the cursor, turn the
//! reading direction or be invisible is written as an escape. Source: trust.md R44, R47.

use std::fmt::Write as _;

/// One line of text that may be shown; line breaks are escaped too.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hides(c) {
            write!(shown, "\\u{{{:X}}}", u32::from(c)).expect("a string takes all that is written to it");
        } else {
            shown.push(c);
        }
    }
    shown
}

/// As [`visible`], for text whose line breaks are ours.
pub(super) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// JSON on one line that reads the same and holds nothing hidden: such characters can only
/// be inside strings, where they have an escape (RFC 8259 7).
pub(super) fn visible_json(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(shown, "\\u{unit:04x}").expect("a string takes all that is written to it");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

fn hides(c: char) -> bool {
    match c {
        '\u{061C}' | '\u{00AD}' | '\u{FEFF}' => true,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        '\u{FE00}'..='\u{FE0F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let text = "\u{1b}[2Jé✓\u{202E}\u{9b}1m\r\npassed";
        assert_eq!(visible(text), r"\u{1B}[2Jé✓\u{202E}\u{9B}1m\u{D}\u{A}passed");
        assert_eq!(visible_lines("a\u{7}\n  b"), "a\\u{7}\n  b");
        assert_eq!(visible(&visible(text)), visible(text));
    }

    #[test]
    fn json_reads_the_same_afterwards() {
        let value = serde_json::json!({ "a\u{202E}": "\u{9b}\u{7f}\u{E0041}\u{1b}é\\\"" });
        let line = visible_json(&value.to_string());
        assert!(!line.chars().any(hides), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).expect("JSON"), value);
    }
}
