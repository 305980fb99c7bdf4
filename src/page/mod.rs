//! HTML pages: templates that escape by context, and the headers that fence them in.
//!
//! Hides: the template engine, escaping, the nonce and the content security policy.
//! Promises: text from outside cannot leave the place in which a template puts it; a
//! template that puts it where escaping does not hold is refused when the pages are
//! loaded (see [`context`]). Knows no routes. Source: trust.md R18, R19.

mod context;

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;
use url::Url;

/// What `href` makes of an address that a page must not lead to.
const NOWHERE: &str = "about:blank";
/// Loopback, as embedded pages and form targets may name it (R19).
const LOOPBACK: &str = "http://127.0.0.1:* http://localhost:*";
/// Loopback, as whoever embeds a page of the issuer may be named.
const LOOPBACK_ANCESTORS: &str = "http://127.0.0.1:* http://localhost:* http://*.localhost:* https://127.0.0.1:* https://localhost:* https://*.localhost:*";

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It is not a template.
    #[error("page \"{name}\" cannot be read")]
    Syntax {
        /// Which page.
        name: &'static str,
        /// Where and why.
        source: minijinja::Error,
    },
    /// It puts a value where escaping does not hold.
    #[error("page \"{name}\", line {line}: {fault}")]
    Unsafe {
        /// Which page.
        name: &'static str,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what to write instead.
        fault: context::Fault,
    },
}

/// Who may show a page in a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ancestors {
    /// Nobody: merchant page, hosted page, everything that is not the issuer's.
    #[default]
    None,
    /// Our own origin and these: addresses, of which the origin counts.
    Only(Vec<String>),
    /// The same, and any loopback origin: Method, challenge, 3DS1.
    Loopback(Vec<String>),
}

/// What a page may do, beyond showing itself. The default is: nothing but post to its own server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// It embeds or hands over: frames and form targets may be any https and loopback.
    pub frames: bool,
    /// Further form targets: addresses, of which the origin counts.
    pub form_action: Vec<String>,
    /// Who may embed it.
    pub ancestors: Ancestors,
    /// It opens windows, and must not be reached from foreign ones. Never for the issuer's
    /// pages: the shop's window that opened one is told by it when it is done.
    pub opens: bool,
}

impl Policy {
    /// Merchant and hosted pages: they embed, and are not embedded.
    pub fn embedding() -> Self {
        Self { frames: true, opens: true, ..Self::default() }
    }

    /// The same for a shop whose policy is too strict: neither frame nor form may leave it.
    pub fn closed() -> Self {
        Self { opens: true, ..Self::default() }
    }

    /// The issuer's pages: they hand over, and are embedded.
    pub fn embedded(ancestors: Ancestors) -> Self {
        Self { frames: true, ancestors, ..Self::default() }
    }

    /// The `Content-Security-Policy` (R19).
    fn content(&self, nonce: &str) -> String {
        let mut text = format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; \
             connect-src 'self'; base-uri 'none'; form-action 'self'"
        );
        if self.frames {
            text.push_str(" https: ");
            text.push_str(LOOPBACK);
        }
        push_origins(&mut text, &self.form_action);
        if self.frames {
            // Writing to a String does not fail.
            let _ = write!(text, "; frame-src 'self' https: {LOOPBACK}");
        } else if self.opens {
            text.push_str("; frame-src 'self'");
        }
        text.push_str("; frame-ancestors ");
        match &self.ancestors {
            Ancestors::None => text.push_str("'none'"),
            Ancestors::Only(addresses) => {
                text.push_str("'self'");
                push_origins(&mut text, addresses);
            }
            Ancestors::Loopback(addresses) => {
                text.push_str("'self' ");
                text.push_str(LOOPBACK_ANCESTORS);
                push_origins(&mut text, addresses);
            }
        }
        text
    }
}

/// Origins of addresses. What has none adds nothing, and nothing but an origin is added.
fn push_origins(policy: &mut String, addresses: &[String]) {
    for address in addresses {
        match web_address(address).map(|url| url.origin().ascii_serialization()) {
            // A host may hold characters that end a directive.
            Some(origin) if !origin.contains([';', ',', ' ', '\'', '*']) => {
                policy.push(' ');
                policy.push_str(&origin);
            }
            _ => tracing::debug!("an address without a usable origin was left out of a page's policy"),
        }
    }
}

fn web_address(address: &str) -> Option<Url> {
    Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Templates by name.
#[derive(Debug)]
pub struct Pages {
    templates: Environment<'static>,
}

impl Pages {
    /// Reads the templates; each may include and extend the others by name.
    ///
    /// In a template: `{{ text }}` in text and in quoted attributes; `{{ address|href }}`
    /// where an address begins; `{{ part|urlencode }}` further on in an address;
    /// `{{ value|tojson }}` in `<script type="application/json">`; `{{ nonce }}` for the
    /// `nonce` of scripts and styles. Nowhere else.
    ///
    /// # Errors
    /// If one is not a template, or puts a value where escaping does not hold.
    pub fn new(sources: &[(&'static str, &'static str)]) -> Result<Self, PageError> {
        let mut templates = environment();
        for &(name, source) in sources {
            if let Err((line, fault)) = context::check(source) {
                return Err(PageError::Unsafe { name, line, fault });
            }
            templates.add_template(name, source).map_err(|source| PageError::Syntax { name, source })?;
        }
        Ok(Self { templates })
    }

    /// Renders a page into an answer with its policy. A page that cannot be rendered is
    /// answered 500 and logged: that is a mistake in the template or its context.
    pub fn respond(&self, name: &str, context: impl Serialize, policy: &Policy) -> Response {
        let page = nonce().and_then(|nonce| Ok((self.render(name, context, &nonce)?, nonce)));
        match page {
            Ok((html, nonce)) => answer(StatusCode::OK, html, policy, &nonce),
            Err(error) => {
                tracing::error!(page = name, error = &*error, "a page could not be rendered");
                let html = "<!doctype html><title>Error</title><p>This page could not be made.".to_owned();
                answer(StatusCode::INTERNAL_SERVER_ERROR, html, &Policy::default(), "none")
            }
        }
    }

    /// Renders a page that travels within a message, without a policy; its styles and scripts
    /// have no nonce. Empty if it cannot be rendered, which is logged: a mistake in the template
    /// or its context.
    pub fn text(&self, name: &str, context: impl Serialize) -> String {
        self.render(name, context, "").unwrap_or_else(|error| {
            tracing::error!(page = name, error = &*error, "a page could not be rendered");
            String::new()
        })
    }

    fn render(&self, name: &str, context: impl Serialize, nonce: &str) -> Result<String, Fault> {
        let context = minijinja::context! { nonce, ..Value::from(Serde(context)) };
        Ok(self.templates.get_template(name)?.render(context)?)
    }
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

fn nonce() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn environment() -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    templates.remove_filter("safe"); // nothing that came from outside is
    templates.add_filter("href", |address: &str| {
        web_address(address).map_or_else(|| NOWHERE.to_owned(), |url| url.to_string())
    });
    templates.add_filter("tojson", to_json);
    templates
}

/// JSON that can stand in a script element. The engine's own leaves U+2028 and U+2029 alone (R18).
fn to_json(value: Value) -> Result<Value, minijinja::Error> {
    let fault = |error| {
        minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "cannot be written as JSON").with_source(error)
    };
    let text = serde_json::to_string(&value).map_err(fault)?;
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            // All of these occur in strings only, where an escape means the same.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String does not fail.
                let _ = write!(safe, "\\u{:04x}", u32::from(character));
            }
            other => safe.push(other),
        }
    }
    Ok(Value::from_safe_string(safe))
}

fn answer(status: StatusCode, html: String, policy: &Policy, nonce: &str) -> Response {
    let mut answer = Response::new(Body::from(html));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let content = HeaderValue::try_from(policy.content(nonce)).expect("origins and nonces are visible ASCII");
    headers.insert(header::CONTENT_SECURITY_POLICY, content);
    if policy.opens {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin-allow-popups"));
    }
    if policy.ancestors == Ancestors::None {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each would leave its place if it were not escaped for it.
    const HOSTILE: [&str; 9] = [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "' onmouseover='alert(1)",
        "javascript:alert(1)",
        "--><svg/onload=alert(1)>",
        "{{ nonce }}{% raw %}",
        "a\u{2028}b\u{2029}c",
        "&lt;&#60;&amp;",
    ];

    fn body(answer: Response) -> String {
        let whole = http_body_util::BodyExt::collect(answer.into_body());
        let bytes = pollster::block_on(whole).expect("a page in memory").to_bytes();
        String::from_utf8(bytes.to_vec()).expect("UTF-8")
    }

    fn show(source: &'static str, value: impl Serialize) -> String {
        let pages = Pages::new(&[("page", source)]).expect("a good template");
        let answer = pages.respond("page", minijinja::context! { v => Value::from(Serde(value)) }, &Policy::default());
        assert_eq!(answer.status(), StatusCode::OK);
        body(answer)
    }

    #[test]
    fn hostile_text_stays_text() {
        for text in HOSTILE {
            let html = show("<p title=\"{{ v }}\" lang='{{ v }}'>{{ v }}</p>", text);
            assert_eq!(html.matches('<').count(), 2, "{html}");
            assert_eq!(html.matches('>').count(), 2, "{html}");
            assert_eq!((html.matches('"').count(), html.matches('\'').count()), (2, 2), "{html}");
        }
    }

    #[test]
    fn hostile_text_stays_in_its_script_as_data() {
        for text in HOSTILE {
            let html = show("<script type=\"application/json\">{{ v|tojson }}</script>", vec![text]);
            let json = html
                .strip_prefix("<script type=\"application/json\">")
                .and_then(|rest| rest.strip_suffix("</script>"))
                .expect("the element is whole");
            assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
            assert_eq!(serde_json::from_str::<Vec<String>>(json).expect("JSON"), [text]);
        }
    }

    #[test]
    fn only_web_addresses_are_led_to() {
        let link = |address: &str| {
            let html = show("<a href=\"{{ v|href }}\">x</a>", address);
            html.strip_prefix("<a href=\"").and_then(|rest| rest.strip_suffix("\">x</a>")).expect("whole").to_owned()
        };
        for address in [
            "javascript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html,<script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a.test/x",
            "ms-help:x",
            "//evil.test",
            "/path",
            "",
            "https:",
            "about:srcdoc",
            "\u{1}javascript:alert(1)",
        ] {
            assert_eq!(link(address), NOWHERE.replace('/', "&#x2f;"), "{address:?}");
        }
        assert_eq!(
            link("https://a.test/\"><script>?a=1&b='"),
            "https:&#x2f;&#x2f;a.test&#x2f;%22%3E%3Cscript%3E?a=1&amp;b=%27"
        );
        assert_eq!(link("http://127.0.0.1:1/x"), "http:&#x2f;&#x2f;127.0.0.1:1&#x2f;x");
        assert_eq!(
            show("<a href=\"/s?q={{ v|urlencode }}\">x</a>", "a&b=\"'<"),
            "<a href=\"/s?q=a%26b%3D%22%27%3C\">x</a>"
        );
    }

    #[test]
    fn every_page_has_its_own_nonce_and_the_headers() {
        let pages = Pages::new(&[("page", "<script nonce=\"{{ nonce }}\"></script>")]).expect("a good template");
        let mut nonces = Vec::new();
        for _ in 0..2 {
            // A context cannot bring its own.
            let answer = pages.respond("page", minijinja::context! { nonce => "known" }, &Policy::default());
            let header = |name: &str| answer.headers()[name].to_str().expect("ASCII").to_owned();
            let policy = header("content-security-policy");
            assert_eq!(header("content-type"), "text/html; charset=utf-8");
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!((header("cache-control"), header("referrer-policy")), ("no-store".into(), "no-referrer".into()));
            assert!(!answer.headers().contains_key("cross-origin-opener-policy"));
            let html = body(answer);
            let nonce = html.split('"').nth(1).expect("an attribute").to_owned();
            assert_eq!(
                policy,
                format!(
                    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; \
                     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
                )
            );
            assert_eq!(nonce.len(), 22, "128 bits");
            nonces.push(nonce);
        }
        assert_ne!(nonces[0], nonces[1]);
    }

    #[test]
    fn policies_name_origins_and_nothing_else() {
        let addresses = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let hosted = Policy {
            form_action: addresses(&[
                "https://shop.test:8443/ok?a;b",
                "javascript:x",
                "https://a.test; script-src *",
                "x",
            ]),
            ..Policy::embedding()
        };
        let content = hosted.content("n");
        assert!(
            content.contains(
                "form-action 'self' https: http://127.0.0.1:* http://localhost:* https://shop.test:8443; \
             frame-src 'self' https: http://127.0.0.1:* http://localhost:*; frame-ancestors 'none'"
            ),
            "{content}"
        );
        assert!(hosted.opens);
        assert_eq!(content.matches("script-src").count(), 1);

        let issuer = Policy::embedded(Ancestors::Loopback(addresses(&["https://shop.test/x"])));
        let content = issuer.content("n");
        assert!(content.ends_with("https://*.localhost:* https://shop.test"), "{content}");
        assert!(!issuer.opens);
        let narrow = Policy::embedded(Ancestors::Only(addresses(&["http://127.0.0.1:4000/page"])));
        assert!(narrow.content("n").ends_with("; frame-ancestors 'self' http://127.0.0.1:4000"));
    }

    #[test]
    fn a_page_that_cannot_be_made_says_so_and_nothing_else() {
        let pages = Pages::new(&[("page", "<p>{{ missing }}</p>")]).expect("a good template");
        for name in ["page", "<other>"] {
            let answer = pages.respond(name, minijinja::context! {}, &Policy::embedding());
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(answer.headers().contains_key("content-security-policy"));
            assert!(!body(answer).contains("other"));
        }
    }
}
