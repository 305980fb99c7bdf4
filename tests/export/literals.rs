//! A literal is read back by the language's own reader.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sessions_console::export::code::{Language, Secrets, code};
use sessions_console::model::exchange::{Exchange, ExchangeId, Request, Step, Timing};
use sessions_console::model::{Lane, Problem, Stamp};

use super::same_bytes::NASTY;
use super::tools::Tool;

/// Texts of the letters that languages give a meaning, and of any letters.
fn texts() -> Vec<String> {
    let signs = "([\"'`\\\\$#{}%@<>?/*\r\n\t\0 ]|\\\\u0022|\\\\|\\$\\{x\\}|\\{\\$x\\}|#\\{x\\}|\"#|\"##|'''|[a-f0-9]|[^a]){0,40}";
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![signs.prop_map(String::from), ".{0,30}".prop_map(String::from), "(?s).{0,30}"];
    let mut texts: Vec<String> = (0..300)
        .map(|_| strategy.new_tree(&mut runner).expect("a text").current())
        .filter(|text| !text.is_empty())
        .collect();
    texts.push(NASTY.into());
    texts
}

/// The expression that the code gives for this body.
fn expression(language: Language, text: &str) -> String {
    let exchange = Exchange {
        id: ExchangeId(1),
        step: Step::Create,
        from: Lane::Merchant,
        to: Lane::Sessions,
        started: Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::ZERO },
        request: Request {
            method: "POST".into(),
            url: "http://127.0.0.1/".into(),
            headers: vec![("Content-Type".into(), "text/plain".into())],
            body: Bytes::from(text.to_owned()),
        },
        outcome: Err(Problem::of("no answer", "try again")),
        timing: Timing::default(),
        masked: 0,
    };
    let code = code(language, &exchange, Secrets::Variables);
    let (start, end) = match language {
        Language::Python => ("    data=", ".encode(),\n    allow_redirects"),
        Language::JavaScript => ("  body: ", ",\n  redirect"),
        Language::Php => ("CURLOPT_POSTFIELDS => ", ",\n    CURLOPT_HTTP_VERSION"),
        Language::Java => ("BodyPublishers.ofString(", "))\n            .build()"),
        Language::Go => ("strings.NewReader(", ")\n\trequest, err"),
        Language::CSharp => ("Encoding.UTF8.GetBytes(", "));\nrequest.Content.Headers"),
        Language::Rust => ("    let body = ", ";\n    let client"),
        Language::Curl => ("--data-raw ", ""),
        Language::Httpie => ("--ignore-stdin --raw=", " \\\n"),
    };
    let from = code.find(start).unwrap_or_else(|| panic!("{start:?} is not in {code}")) + start.len();
    let to = code.rfind(end).unwrap_or_else(|| panic!("{end:?} is not in {code}"));
    code[from..to].to_owned()
}

/// All texts through one run of the language's program, which prints each as hexadecimal.
fn read_back(language: Language, before: &str, one: impl Fn(&str) -> String, after: &str) {
    let Some(tool) = Tool::of(language) else { return };
    let texts = texts();
    let lines: String = texts.iter().map(|text| one(&expression(language, text))).collect();
    let program = format!("{before}{lines}{after}");
    let output = tool.run(&program);
    assert!(output.status.success(), "{}\n{program}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("hexadecimal");
    let read: Vec<&str> = printed.lines().collect();
    assert_eq!(read.len(), texts.len());
    for (text, read) in texts.iter().zip(read) {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(read, hex, "{text:?}: {}", expression(language, text));
    }
}

#[test]
fn python_reads_the_same_text() {
    read_back(Language::Python, "", |text| format!("print({text}.encode().hex())\n"), "");
}

#[test]
fn javascript_reads_the_same_text() {
    read_back(Language::JavaScript, "", |text| format!("console.log(Buffer.from({text}).toString('hex'));\n"), "");
}

#[test]
fn php_reads_the_same_text() {
    read_back(Language::Php, "<?php\n", |text| format!("echo bin2hex({text}), \"\\n\";\n"), "");
}

#[test]
fn java_reads_the_same_text() {
    let before = "import java.nio.charset.StandardCharsets;\nimport java.util.HexFormat;\n\npublic class Main {\n\
        static void show(String text) { System.out.println(HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8))); }\n\
        public static void main(String[] args) {\n";
    read_back(Language::Java, before, |text| format!("show({text});\n"), "}\n}\n");
}

#[test]
fn go_reads_the_same_text() {
    let before = "package main\n\nimport \"fmt\"\n\nfunc main() {\n";
    read_back(Language::Go, before, |text| format!("fmt.Printf(\"%x\\n\", {text})\n"), "}\n");
}

/// C# and Rust write what Go and Java write, but for these; read here by their grammar:
/// C# specification 6.4.5.6, Rust reference «String literals».
fn by_grammar(literal: &str) -> String {
    if let Some(raw) = literal.strip_prefix('r') {
        let hashes = raw.chars().take_while(|c| *c == '#').count();
        let (open, close) = (format!("{}\"", "#".repeat(hashes)), format!("\"{}", "#".repeat(hashes)));
        let inner = raw.strip_prefix(&open).and_then(|raw| raw.strip_suffix(&close)).expect("both ends");
        assert!(!inner.contains(&close) && !inner.contains('\r'), "it would end early: {literal}");
        return inner.to_owned();
    }
    let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("both quotes");
    let mut text = String::new();
    let mut letters = inner.chars();
    while let Some(c) = letters.next() {
        assert!(c != '"' && !c.is_control() && !('\u{2028}'..='\u{202E}').contains(&c), "{literal}");
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match letters.next().expect("what it is about") {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            c @ ('\\' | '"') => c,
            'U' => read_hex(&mut letters, 8),
            'u' if letters.as_str().starts_with('{') => {
                let inside: String = letters.by_ref().skip(1).take_while(|c| *c != '}').collect();
                u32::from_str_radix(&inside, 16).ok().and_then(char::from_u32).expect("a character")
            }
            'u' => read_hex(&mut letters, 4),
            other => panic!("\\{other} means nothing: {literal}"),
        });
    }
    text
}

fn read_hex(letters: &mut std::str::Chars<'_>, digits: usize) -> char {
    let hex: String = letters.by_ref().take(digits).collect();
    assert_eq!(hex.len(), digits);
    u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).expect("a character")
}

#[test]
fn csharp_and_rust_literals_stand_for_the_text() {
    for text in texts() {
        let rust = expression(Language::Rust, &text);
        assert_eq!(by_grammar(&rust), text, "{rust}");
        let csharp: String = expression(Language::CSharp, &text).split("\n    + ").map(by_grammar).collect();
        assert_eq!(csharp, text);
    }
}
