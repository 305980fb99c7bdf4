//! Languages that compile to a program: Rust with reqwest, Go with net/http.

use super::literal::Style;
use super::sent::{Content, Part, Sent};

/// A program with tokio. Header names go out in small letters, or as `Content-Type` where
/// the record has them so: reqwest keeps no spelling.
pub(super) fn rust(sent: &Sent<'_>) -> String {
    let style = Style::Rust;
    let variable = |name: &str| format!("&std::env::var({})?", style.text(name));
    let joined = |parts: &[Part<'_>]| match parts {
        [Part::Variable(name)] => format!("std::env::var({})?", style.text(name)),
        [Part::Text(text), Part::Variable(name)] if text.chars().all(|c| c == ' ' || c.is_ascii_alphabetic()) => {
            format!("format!(\"{text}{{}}\", std::env::var({})?)", style.text(name))
        }
        parts if parts.len() > 1 => format!("String::new() + {}", style.line(parts, variable)),
        parts => style.line(parts, variable),
    };
    let mut code = String::from("use reqwest::redirect::Policy;\nuse reqwest::{Client, Method};\n");
    code.push_str("\n#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {\n");
    let body = match &sent.content {
        Content::Nothing => None,
        Content::Text(parts) if parts.len() > 1 => Some(joined(parts)),
        Content::Text(parts) => Some(style.lines(parts, "    ", variable)),
        Content::Bytes(bytes) => Some(format!("b{}.as_slice()", style.bytes(bytes))),
    };
    if let Some(body) = &body {
        code.push_str(&format!("    let body = {body};\n"));
    }
    let title = sent.headers.iter().any(|(name, _)| name.starts_with(|c: char| c.is_ascii_uppercase()));
    let title = if title { ".http1_title_case_headers()" } else { "" };
    code.push_str(&format!(
        "    let client = Client::builder().redirect(Policy::none()){title}.build()?;\n    let response = client\n"
    ));
    let method = match sent.method {
        known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") => format!("Method::{known}"),
        other => format!("Method::from_bytes({}.as_bytes())?", style.text(other)),
    };
    code.push_str(&format!("        .request({method}, {})\n", style.text(sent.url)));
    for (name, value) in &sent.headers {
        code.push_str(&format!("        .header({}, {})\n", style.text(name), joined(value)));
    }
    if body.is_some() {
        code.push_str("        .body(body)\n");
    }
    code.push_str("        .send()\n        .await?;\n    println!(\"{}\", response.status());\n");
    code.push_str("    println!(\"{}\", response.text().await?);\n    Ok(())\n}\n");
    code
}

/// A program of the standard library. It sends header lines sorted by name.
pub(super) fn go(sent: &Sent<'_>) -> String {
    let style = Style::Go;
    let variable = |name: &str| format!("os.Getenv({})", style.text(name));
    let body = match &sent.content {
        Content::Nothing => None,
        Content::Text(parts) => Some(style.lines(parts, "\t", variable)),
        Content::Bytes(bytes) => Some(style.bytes(bytes)), // a string of Go holds any bytes
    };
    let mut packages = vec!["fmt", "io", "net/http"];
    packages.extend(sent.reads_variables().then_some("os"));
    packages.extend(body.is_some().then_some("strings"));
    let imports: String = packages.iter().map(|name| format!("\t\"{name}\"\n")).collect();
    let mut code = format!("package main\n\nimport (\n{imports})\n\nfunc main() {{\n");
    let reader = if body.is_some() { "body" } else { "nil" };
    if let Some(body) = body {
        code.push_str(&format!("\tbody := strings.NewReader({body})\n"));
    }
    let (method, url) = (style.text(sent.method), style.text(sent.url));
    code.push_str(&format!("\trequest, err := http.NewRequest({method}, {url}, {reader})\n{GO_STOP}"));
    code.push_str("\trequest.Header = http.Header{\n");
    for (name, values) in go_headers(sent) {
        let values: Vec<String> = values.iter().map(|value| style.line(value, variable)).collect();
        code.push_str(&format!("\t\t{}: {{{}}},\n", style.text(name), values.join(", ")));
    }
    if !sent.has("user-agent") {
        code.push_str("\t\t\"User-Agent\": {\"\"}, // none\n");
    }
    code.push_str("\t}\n\tclient := http.Client{\n");
    if !sent.has("accept-encoding") {
        code.push_str("\t\tTransport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true},\n");
    }
    code.push_str(
        "\t\tCheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },\n",
    );
    code.push_str(&format!("\t}}\n\tresponse, err := client.Do(request)\n{GO_STOP}\tdefer response.Body.Close()\n"));
    code.push_str(&format!("\tanswer, err := io.ReadAll(response.Body)\n{GO_STOP}"));
    code.push_str("\tfmt.Println(response.Status)\n\tfmt.Println(string(answer))\n}\n");
    code
}

const GO_STOP: &str = "\tif err != nil {\n\t\tpanic(err)\n\t}\n";

/// Each name once, for a map; the name that Go itself looks for is spelt its way.
fn go_headers<'s, 'a>(sent: &'s Sent<'a>) -> Vec<(&'s str, Vec<&'s [Part<'a>]>)> {
    let mut headers: Vec<(&str, Vec<&[Part<'_>]>)> = Vec::new();
    for (name, value) in &sent.headers {
        let name = if name.eq_ignore_ascii_case("user-agent") { "User-Agent" } else { name };
        match headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => headers.push((name, vec![value])),
        }
    }
    headers
}
