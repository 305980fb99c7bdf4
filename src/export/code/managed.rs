//! Languages of the large runtimes: Java with java.net.http, C# with HttpClient.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::literal::Style;
use super::sent::{Content, Sent};

/// Headers that Java's client refuses, unless the runtime is told otherwise. Source:
/// `jdk.httpclient.allowRestrictedHeaders`.
const REFUSED_BY_JAVA: [&str; 3] = ["connection", "expect", "upgrade"];
/// Headers that .NET keeps with the content. Source: `HttpContentHeaders`.
const OF_CONTENT: [&str; 10] = [
    "allow",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "expires",
    "last-modified",
];

/// A class with `main`. It sends header lines sorted by name.
pub(super) fn java(sent: &Sent<'_>) -> String {
    let style = Style::Java;
    let variable = |name: &str| format!("System.getenv({})", style.text(name));
    let mut code = String::from("import java.net.URI;\nimport java.net.http.HttpClient;\n");
    code.push_str("import java.net.http.HttpRequest;\nimport java.net.http.HttpResponse;\n");
    if matches!(sent.content, Content::Bytes(_)) {
        code.push_str("import java.util.Base64;\n");
    }
    code.push_str("\npublic class Main {\n    public static void main(String[] args) throws Exception {\n");
    let (headers, refused): (Vec<_>, Vec<_>) =
        sent.headers.iter().partition(|(name, _)| !REFUSED_BY_JAVA.contains(&name.to_ascii_lowercase().as_str()));
    for (name, _) in refused {
        code.push_str(&format!("        // Java does not send {name}\n"));
    }
    if !sent.has("user-agent") {
        code.push_str("        // Java adds a User-Agent of its own\n");
    }
    code.push_str("        HttpRequest request = HttpRequest.newBuilder()\n");
    code.push_str(&format!("            .uri(URI.create({}))\n", style.text(&java_address(sent.url))));
    code.push_str("            .version(HttpClient.Version.HTTP_1_1)\n");
    for (name, value) in headers {
        code.push_str(&format!("            .header({}, {})\n", style.text(name), style.line(value, variable)));
    }
    let body = match &sent.content {
        Content::Nothing => "noBody()".to_owned(),
        Content::Text(parts) => format!("ofString({})", style.lines(parts, "            ", variable)),
        Content::Bytes(bytes) => {
            let text = BASE64_STANDARD.encode(bytes);
            let text = style.lines(&[super::sent::Part::Text(&text)], "            ", variable);
            format!("ofByteArray(Base64.getDecoder().decode({text}))")
        }
    };
    code.push_str(&format!(
        "            .method({}, HttpRequest.BodyPublishers.{body})\n            .build();\n",
        style.text(sent.method)
    ));
    code.push_str("        HttpClient client = HttpClient.newHttpClient(); // follows no redirect\n");
    code.push_str(
        "        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());\n",
    );
    code.push_str("        System.out.println(response.statusCode());\n");
    code.push_str("        System.out.println(response.body());\n    }\n}\n");
    code
}

/// `java.net.URI` takes fewer characters than browsers do (RFC 2396); the others are
/// percent-coded, as a browser that is asked to would.
fn java_address(url: &str) -> String {
    let mut address = String::with_capacity(url.len());
    let mut in_query = false;
    for (at, c) in url.char_indices() {
        in_query |= c == '?';
        let host = url.find("://").is_some_and(|start| !url[start + 3..at.max(start + 3)].contains(['/', '?']));
        let bracket = matches!(c, '[' | ']') && !in_query && !host;
        let lone = c == '%' && !url.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if bracket || lone || matches!(c, ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}') {
            address.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            address.push(c);
        }
    }
    address
}

/// Top-level statements.
pub(super) fn csharp(sent: &Sent<'_>) -> String {
    let style = Style::CSharp;
    let variable = |name: &str| format!("Environment.GetEnvironmentVariable({})", style.text(name));
    let mut code = String::from("using System;\nusing System.Net.Http;\nusing System.Text;\n\n");
    code.push_str("using var handler = new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false };\n");
    code.push_str("using var client = new HttpClient(handler);\n");
    let url = style.text(sent.url);
    let usual = |c: char| c.is_ascii_alphanumeric() || "-_.~:/?&=+,;@%".contains(c);
    let address = if sent.url.chars().all(usual) && !sent.odd_address() {
        url
    } else {
        // Else .NET writes the address its own way.
        code.push_str("var exact = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };\n");
        format!("new Uri({url}, exact)")
    };
    code.push_str(&format!(
        "using var request = new HttpRequestMessage(new HttpMethod({}), {address});\n",
        style.text(sent.method)
    ));
    let of_content = |name: &str| OF_CONTENT.contains(&name.to_ascii_lowercase().as_str());
    let body = match &sent.content {
        Content::Nothing if sent.headers.iter().any(|(name, _)| of_content(name)) => {
            Some("Array.Empty<byte>()".to_owned())
        }
        Content::Nothing => None,
        Content::Text(parts) => Some(format!("Encoding.UTF8.GetBytes({})", style.lines(parts, "", variable))),
        Content::Bytes(bytes) => {
            Some(format!("Convert.FromBase64String({})", style.text(&BASE64_STANDARD.encode(bytes))))
        }
    };
    if let Some(body) = body {
        code.push_str(&format!("request.Content = new ByteArrayContent({body});\n"));
    }
    for (name, value) in &sent.headers {
        let place = if of_content(name) { "request.Content.Headers" } else { "request.Headers" };
        let (name, value) = (style.text(name), style.line(value, variable));
        code.push_str(&format!("{place}.TryAddWithoutValidation({name}, {value});\n"));
    }
    code.push_str("using var response = await client.SendAsync(request);\n");
    code.push_str("Console.WriteLine((int)response.StatusCode);\n");
    code.push_str("Console.WriteLine(await response.Content.ReadAsStringAsync());\n");
    code
}
