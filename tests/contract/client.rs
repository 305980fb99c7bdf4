//! What the contract's tests need beyond the lab: requests as their libraries write them, and
//! pages walked by their forms.

use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::lab::*;

/// Text with `{name}` replaced.
pub fn filled(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Sends a request whose head is written out, line by line; `{host}` and `{length}` are filled in.
/// The connection is closed after the answer, whatever the library would do.
pub fn wire(lab: &Lab, head: &str, body: &str) -> Answer {
    let head = filled(head, &[("host", &lab.addr.to_string()), ("length", &body.len().to_string())]);
    let mut bytes = String::new();
    for line in head.lines().map(str::trim).filter(|line| !line.is_empty()) {
        bytes.push_str(line);
        bytes.push_str("\r\n");
    }
    raw(lab.addr, format!("{bytes}Connection: close\r\n\r\n{body}").as_bytes())
}

/// The path of a session's own address.
pub fn own(session: &Value) -> String {
    format!("/sessions/{}", text(session, "id"))
}

/// The words of a list.
pub fn words(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|word| word.as_str().expect("a word")).collect()
}

/// What an app sends: its data can be read by nobody here, but has the right form.
pub fn app() -> Value {
    json!({
        "channel": "app", "sdk_app_id": "2642148a-3959-4b44-bb61-36d25888a66d", "sdk_max_timeout": 5,
        "sdk_encrypted_data": "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOENCQy1IUzI1NiJ9..aXY.Y2lwaGVy.dGFn",
        "sdk_ephem_pub_key": {
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        "sdk_reference_number": "3DS_LOA_SDK_SANDBOX_020200_00001",
        "sdk_transaction_id": "40956880-b6c8-4ac3-8bf8-294ded3aa656",
        "sdk_interface_type": "both", "sdk_ui_elements": ["text", "single_select", "html_other"],
    })
}

/// The same with the two characters that every library's test sends.
pub fn unreadable_app() -> Value {
    let mut data = app();
    data["sdk_encrypted_data"] = "{}".into();
    data
}

/// A browser's data without a word about the method.
pub fn browser_before_method() -> Value {
    let mut data = browser();
    data.as_object_mut().expect("an object").remove("three_ds_method_completion");
    data
}

/// A form of a page, as a browser would send it.
#[derive(Debug, Clone)]
pub struct Form {
    /// Path and query.
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The first form of a page that holds a field of this name.
    pub fn with(page: &Answer, field: &str) -> Self {
        let html = Html::parse_document(&page.body);
        let (forms, inputs) = (selector("form"), selector("input[name]"));
        let found =
            html.select(&forms).find(|form| form.select(&inputs).any(|input| input.attr("name") == Some(field)));
        let form = found.unwrap_or_else(|| panic!("no form with {field} in {page:?}"));
        let action = form.attr("action").expect("an address");
        let action = action.split_once("://").map_or(action, |(_, rest)| &rest[rest.find('/').unwrap_or(rest.len())..]);
        let fields = form.select(&inputs).map(|input| {
            let name = input.attr("name").expect("selected by it").to_owned();
            (name, input.attr("value").unwrap_or_default().to_owned())
        });
        Self { action: action.to_owned(), fields: fields.collect() }
    }

    pub fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(key, _)| key != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn post(&self, lab: &Lab) -> Answer {
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        lab.form(&self.action, &fields)
    }
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

/// The cardholder's part of 3DS1: `acs_url`, the password, and the browser's way to `term_url`.
pub fn answer_three_ds1(lab: &Lab, session: &Value, password: &str) -> Answer {
    let path = |link: &str| {
        let href = session["_links"][link]["href"].as_str().unwrap_or_else(|| panic!("no {link}: {session}"));
        href.strip_prefix(&format!("http://{}", lab.addr)).expect("ours").to_owned()
    };
    let term = session["_links"]["term_url"]["href"].as_str().expect("a link");
    let page = lab
        .form(&path("acs_url"), &[("PaReq", text(session, "pareq")), ("TermUrl", term), ("MD", text(session, "id"))]);
    assert_eq!(page.status, 200, "{page:?}");
    let page = Form::with(&page, "password").set("password", password).post(lab);
    assert_eq!(page.status, 200, "{page:?}");
    let handover = Form::with(&page, "PaRes");
    assert_eq!((handover.action.as_str(), handover.field("MD")), (path("term_url").as_str(), text(session, "id")));
    handover.post(lab)
}

/// Ends an app's challenge by the plain stand-in for the encrypted exchange.
pub fn answer_app_challenge(lab: &Lab, session: &Value, result: &str) -> Answer {
    let path = format!("/simulator/acs/app-challenge/{}", text(session, "id"));
    lab.send("POST", &path, "", &json!({"result": result}).to_string())
}
