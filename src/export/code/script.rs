//! Languages that run as they are written: Python with requests, JavaScript with fetch,
//! PHP with its curl extension.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::curl::added_with_body;
use super::literal::Style;
use super::sent::{Content, Part, Sent};

/// Sends nothing but what is written: `Session` has headers of its own otherwise.
pub(super) fn python(sent: &Sent<'_>) -> String {
    let style = Style::Python;
    let variable = |name: &str| format!("os.environ[{}]", style.text(name));
    // What requests and http.client below it add unless told not to.
    let skipped = sent.unwanted(&["Accept-Encoding", "User-Agent"]);
    let bytes = matches!(sent.content, Content::Bytes(_));
    let mut code = String::new();
    let mut import = |wanted: bool, line: &str| code.push_str(if wanted { line } else { "" });
    import(bytes, "import base64\n");
    import(sent.reads_variables(), "import os\n");
    import(bytes || sent.reads_variables(), "\n");
    import(true, "import requests\n");
    import(!skipped.is_empty(), "from urllib3.util import SKIP_HEADER\n");
    code.push_str("\nsession = requests.Session()\n");
    code.push_str("session.headers.clear()  # only what is written below\n");
    let odd = sent.odd_address();
    code.push_str(if odd { "request = requests.Request(\n" } else { "response = session.request(\n" });
    code.push_str(&format!("    {},\n    {},\n    headers={{\n", style.text(sent.method), style.text(sent.url)));
    for (name, value) in sent.joined() {
        let text = style.line(&value, variable);
        let ascii = value.iter().all(|part| !matches!(part, Part::Text(text) if !text.is_ascii()));
        let text = if ascii { text } else { format!("({text}).encode()") };
        code.push_str(&format!("        {}: {text},\n", style.text(name)));
    }
    for name in skipped {
        code.push_str(&format!("        {}: SKIP_HEADER,\n", style.text(name)));
    }
    code.push_str("    },\n");
    match &sent.content {
        Content::Nothing => (),
        Content::Text(parts) => {
            let text = style.lines(parts, "    ", variable);
            let text = if parts.len() > 1 { format!("({text})") } else { text };
            code.push_str(&format!("    data={text}.encode(),\n"));
        }
        Content::Bytes(bytes) => {
            let text = style.text(&BASE64_STANDARD.encode(bytes));
            code.push_str(&format!("    data=base64.b64decode({text}),\n"));
        }
    }
    if odd {
        code.push_str(")\nprepared = session.prepare_request(request)\n");
        code.push_str(&format!("prepared.url = {}  # requests would write it its own way\n", style.text(sent.url)));
        code.push_str("settings = session.merge_environment_settings(prepared.url, {}, None, None, None)\n");
        code.push_str("response = session.send(prepared, allow_redirects=False, **settings)\n");
    } else {
        code.push_str("    allow_redirects=False,\n)\n");
    }
    code.push_str("print(response.status_code, response.reason)\nprint(response.text)\n");
    code
}

/// Headers as pairs: an object would take `__proto__` for something else.
pub(super) fn javascript(sent: &Sent<'_>) -> String {
    let style = Style::JavaScript;
    let variable = |name: &str| format!("process.env.{name}");
    let mut code = String::new();
    // Fetch Standard, 2.2.2; undici refuses them.
    let (headers, refused): (Vec<_>, Vec<_>) = sent.headers.iter().partition(|(name, _)| {
        !["connection", "expect", "keep-alive", "te", "trailer", "upgrade"]
            .contains(&name.to_ascii_lowercase().as_str())
    });
    for (name, _) in refused {
        code.push_str(&format!("// fetch does not send {name}\n"));
    }
    let bodyless = ["GET", "HEAD"].iter().any(|method| sent.method.eq_ignore_ascii_case(method));
    let bodyless = bodyless && sent.content != Content::Nothing;
    if bodyless {
        code.push_str(&format!("// fetch sends no body with {}\n", sent.method.to_ascii_uppercase()));
    }
    code.push_str(&format!("const response = await fetch({}, {{\n", style.text(sent.url)));
    code.push_str(&format!("  method: {},\n  headers: [\n", style.text(sent.method)));
    for (name, value) in headers {
        let text = style.line(value, variable);
        let ascii = value.iter().all(|part| !matches!(part, Part::Text(text) if !text.is_ascii()));
        // fetch takes a character for each byte of a value.
        let text = if ascii { text } else { format!("Buffer.from({text}).toString('latin1')") };
        code.push_str(&format!("    [{}, {text}],\n", style.text(name)));
    }
    code.push_str("  ],\n");
    match &sent.content {
        _ if bodyless => (),
        Content::Nothing => (),
        Content::Text(parts) => {
            let text = style.lines(parts, "  ", variable);
            // A string would bring a content type of its own.
            let typed = sent.has("content-type");
            code.push_str(&if typed {
                format!("  body: {text},\n")
            } else {
                format!("  body: Buffer.from({text}),\n")
            });
        }
        Content::Bytes(bytes) => {
            let text = style.text(&BASE64_STANDARD.encode(bytes));
            code.push_str(&format!("  body: Buffer.from({text}, 'base64'),\n"));
        }
    }
    code.push_str("  redirect: 'manual',\n});\n");
    code.push_str("console.log(response.status, response.statusText);\nconsole.log(await response.text());\n");
    code
}

/// What libcurl would add is switched off as on curl's command line.
pub(super) fn php(sent: &Sent<'_>) -> String {
    let style = Style::Php;
    let variable = |name: &str| format!("getenv({})", style.text(name));
    let mut code = String::from("<?php\n\n$curl = curl_init();\ncurl_setopt_array($curl, [\n");
    let mut option = |name: &str, value: &str| code.push_str(&format!("    CURLOPT_{name} => {value},\n"));
    option("URL", &style.text(sent.url));
    if sent.url.contains("/.") {
        option("PATH_AS_IS", "true");
    }
    option("CUSTOMREQUEST", &style.text(sent.method));
    if sent.method == "HEAD" {
        option("NOBODY", "true"); // else it waits for a body
    }
    let mut headers = String::from("[\n");
    for (name, value) in &sent.headers {
        let line = match value.split_first() {
            None => style.text(&format!("{name};")), // libcurl's way to send it empty
            Some((Part::Text(text), rest)) => {
                let first = style.text(&format!("{name}: {text}"));
                let rest = rest.iter().map(|part| format!(" . {}", style.line(std::slice::from_ref(part), variable)));
                rest.fold(first, |line, part| line + &part)
            }
            Some(_) => format!("{} . {}", style.text(&format!("{name}: ")), style.line(value, variable)),
        };
        headers.push_str(&format!("        {line},\n"));
    }
    for name in sent.unwanted(&["accept"]).into_iter().chain(added_with_body(sent)) {
        headers.push_str(&format!("        {},\n", style.text(&format!("{name}:"))));
    }
    option("HTTPHEADER", &(headers + "    ]"));
    match &sent.content {
        Content::Nothing => (),
        Content::Text(parts) => option("POSTFIELDS", &style.lines(parts, "    ", variable)),
        Content::Bytes(bytes) => {
            option("POSTFIELDS", &format!("base64_decode({})", style.text(&BASE64_STANDARD.encode(bytes))));
        }
    }
    option("HTTP_VERSION", "CURL_HTTP_VERSION_1_1");
    option("RETURNTRANSFER", "true");
    code.push_str("]);\n$answer = curl_exec($curl);\nif ($answer === false) {\n");
    code.push_str("    exit(curl_error($curl) . \"\\n\");\n}\n");
    code.push_str("echo curl_getinfo($curl, CURLINFO_RESPONSE_CODE), \"\\n\", $answer, \"\\n\";\n");
    code
}
