//! A page as the scripted cardholder reads it: its forms, what they ask, their buttons.
//!
//! Banks speak several languages, so everything is found by its name or id, never by what is
//! written on it.

use std::time::Duration;

use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::model::exchange::{Response, header};

/// A page and where it came from.
pub(super) struct Page {
    pub url: Url,
    pub answer: Response,
}

impl Page {
    pub fn redirect(&self) -> Option<Url> {
        let location = header(&self.answer.headers, "Location")?;
        (300..400).contains(&self.answer.status).then(|| self.url.join(location).ok()).flatten()
    }

    pub fn forms(&self) -> Vec<Form> {
        let html = Html::parse_document(&String::from_utf8_lossy(&self.answer.body));
        select("form").map(|forms| html.select(&forms).map(Form::read).collect()).unwrap_or_default()
    }
}

fn select(what: &str) -> Option<Selector> {
    Selector::parse(what).ok()
}

/// A form as it stands on a page.
pub(super) struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
    password: Option<String>,
    /// Radio buttons and check boxes: name and value.
    choices: Vec<(String, String)>,
    buttons: Vec<Button>,
    /// How long the page's script waits before it sends it.
    pub wait: Duration,
}

/// A button of a form.
pub(super) struct Button {
    id: String,
    label: String,
    name: Option<String>,
    value: String,
    pub action: Option<String>,
}

impl Form {
    fn read(form: ElementRef<'_>) -> Self {
        let wait = form.attr("data-wait").and_then(|millis| millis.trim().parse().ok());
        let mut read = Self {
            action: form.attr("action").unwrap_or_default().to_owned(),
            fields: Vec::new(),
            password: None,
            choices: Vec::new(),
            buttons: Vec::new(),
            wait: wait.map_or(Duration::ZERO, Duration::from_millis),
        };
        let Some(parts) = select("input, button, textarea") else { return read };
        for part in form.select(&parts) {
            read.take(part);
        }
        read
    }

    fn take(&mut self, part: ElementRef<'_>) {
        let name = part.attr("name").map(str::to_owned);
        let value = part.attr("value").unwrap_or_default().to_owned();
        let kind = part.attr("type").unwrap_or(if part.value().name() == "button" { "submit" } else { "text" });
        match (kind, name) {
            ("submit" | "button", name) => self.buttons.push(Button {
                id: part.attr("id").unwrap_or_default().to_owned(),
                label: part.text().collect::<String>().trim().to_owned(),
                name,
                value,
                action: part.attr("formaction").map(str::to_owned),
            }),
            ("checkbox" | "radio", Some(name)) => {
                let value = if value.is_empty() { "on".to_owned() } else { value };
                if part.attr("checked").is_some() {
                    self.fields.push((name.clone(), value.clone()));
                }
                self.choices.push((name, value));
            }
            ("password", Some(name)) => self.password = Some(name),
            (_, Some(name)) if part.attr("id") == Some("password") => self.password = Some(name),
            (_, Some(name)) => self.fields.push((name, value)),
            (_, None) => (),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(own, _)| own == name)
    }

    /// The field for what was sent to the phone.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// True if it waits for the shopper.
    pub fn asks(&self) -> bool {
        self.password.is_some() || self.has("interaction")
    }

    /// The values that can be chosen under a name, in order.
    pub fn choices(&self, name: &str) -> Vec<&str> {
        self.choices.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn cancel(&self) -> Option<&Button> {
        self.buttons.iter().find(|button| button.cancels())
    }

    /// The button that asks for another message.
    pub fn resend(&self) -> Option<&Button> {
        self.buttons.iter().find(|button| button.id == "resendButton" || button.name.as_deref() == Some("resend"))
    }

    /// The button that a person who goes on presses.
    pub fn going_on(&self) -> Option<&Button> {
        let others = |button: &&Button| !button.cancels() && button.name.as_deref() != Some("resend");
        let mut going_on = self.buttons.iter().filter(others);
        going_on.clone().find(|button| button.id == "txtButton").or_else(|| going_on.next())
    }
}

impl Button {
    fn cancels(&self) -> bool {
        self.id == "cancelButton" || self.name.as_deref() == Some("cancel") || self.label.eq_ignore_ascii_case("cancel")
    }

    pub fn fields(&self) -> Vec<(String, String)> {
        self.name.iter().map(|name| (name.clone(), self.value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn page(html: &'static str) -> Page {
        let answer = Response {
            status: 200,
            version: "HTTP/1.1".into(),
            headers: Vec::new(),
            body: Bytes::from_static(html.as_bytes()),
            dropped_bytes: 0,
            cut: None,
        };
        Page { url: Url::parse("http://127.0.0.1:1/x").expect("an address"), answer }
    }

    #[test]
    fn a_bank_page_is_read_as_a_person_would() {
        let page = page(
            r#"<form id="form" action="/go"><input type="hidden" name="t" value="a&amp;b">
            <input id="password" name="password" type="password"><input type="checkbox" name="remember" value="1">
            <button id="resendButton" form="resend" name="resend" value="1">Again</button>
            <button id="txtButton">Weiter</button>
            <button id="cancelButton" name="act" value="cancel" formaction="/stop">Abbrechen</button></form>"#,
        );
        let forms = page.forms();
        let form = forms.first().expect("one form");
        assert_eq!(form.password(), Some("password"));
        assert_eq!(form.fields, [("t".to_owned(), "a&b".to_owned())]);
        let cancel = form.cancel().expect("a cancel button");
        assert_eq!((cancel.action.as_deref(), cancel.fields()), (Some("/stop"), vec![("act".into(), "cancel".into())]));
        assert_eq!(form.resend().map(Button::fields), Some(vec![("resend".into(), "1".into())]));
        assert_eq!(form.going_on().map(Button::fields), Some(Vec::new()), "its button has no name");
    }

    #[test]
    fn a_page_without_a_password_still_asks() {
        let page = page(
            r#"<form action="/go"><input type="hidden" name="interaction" value="1">
            <input type="radio" name="choice" value="sms"><input type="radio" name="choice" value="mail" checked>
            <button id="txtButton" name="continue" value="1">متابعة</button></form>
            <form id="notify" data-wait="12000"></form>"#,
        );
        let forms = page.forms();
        let form = forms.first().expect("a form");
        assert!(form.asks() && form.password().is_none());
        assert_eq!(form.choices("choice"), ["sms", "mail"]);
        assert!(form.has("choice"), "what is chosen already goes with it");
        assert_eq!(forms.get(1).map(|form| form.wait), Some(Duration::from_secs(12)));
    }
}
