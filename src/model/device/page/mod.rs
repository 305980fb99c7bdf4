//! The issuer's HTML as an SDK may show it: words, and the controls of its forms. What a press
//! sends is the query string that a browser would make. No script, no style, nothing that would
//! have to be fetched; bounded whatever comes, and never a failure.
//! Source: emv-3ds.md 5.2, HTML UI.

mod read;

use std::collections::BTreeSet;

use url::form_urlencoded;

/// A page, in the order of its source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// What is drawn.
    pub blocks: Vec<Block>,
    /// The controls, hidden ones too, in the order in which a form sends them.
    pub controls: Vec<Control>,
    /// What was left out, and what an SDK would not like, a sentence each.
    pub findings: Vec<String>,
    forms: Vec<Form>,
}

/// Something to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Words that wrap; line breaks inside stay.
    Words(Style, Vec<Span>),
    /// The control at this place of [`Page::controls`].
    Control(usize),
    /// A line across.
    Rule,
}

/// How words look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// Level 1 to 6.
    Heading(u8),
    /// Running text.
    Plain,
    /// What stands above a field.
    Label,
    /// An item of a list: its mark, and how deep.
    Item(String, u8),
}

/// Words of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Spaces folded.
    pub text: String,
    /// `b`, `strong`.
    pub bold: bool,
}

/// What a person fills in or presses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// What sort.
    pub kind: Kind,
    /// `name`; without one it is not sent.
    pub name: String,
    /// For people: its label, else what comes nearest.
    pub label: String,
    /// `value`; empty for none.
    pub value: String,
    /// What stands in an empty field.
    pub hint: String,
    /// Checked from the beginning.
    pub on: bool,
    /// Most characters.
    pub longest: Option<usize>,
    /// Nothing is sent before it has something.
    pub required: bool,
    /// Can neither be used nor is it sent.
    pub disabled: bool,
    form: Option<usize>,
}

/// What sort of control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One line; true if it is for digits.
    Text(bool),
    /// One line that is not shown.
    Password,
    /// Several lines.
    Area,
    /// Not drawn.
    Hidden,
    /// One of those with the same name.
    Radio,
    /// On or off.
    Check,
    /// Some of these; true if more than one.
    Select(Vec<Choice>, bool),
    /// Sends its form; true for a picture, which sends where it was hit.
    Submit(bool),
    /// Puts its form back.
    Reset,
    /// A button that only a script would give a meaning.
    Inert,
    /// Leads somewhere.
    Link(Target, String),
}

/// An option of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// Chosen from the beginning.
    pub on: bool,
    /// Cannot be chosen.
    pub disabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Form {
    target: Target,
    /// The query of its action, which a POST leaves as it is.
    query: String,
    post: bool,
}

/// Where something leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `HTTPS://EMV3DS/challenge`: the SDK takes the query.
    Challenge,
    /// `HTTPS://EMV3DS/openoobApp`: the SDK opens the bank's app.
    BankApp,
    /// Anywhere else: an SDK does not go there.
    Elsewhere,
}

/// What a control holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of a field.
    Text(String),
    /// Of a radio button or a check box.
    On(bool),
    /// The places of the chosen options.
    Picked(BTreeSet<usize>),
    /// It holds nothing.
    Nothing,
}

/// What a press does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// The query string goes to the issuer.
    Send(String),
    /// The bank's app comes to the front.
    BankApp,
    /// The form is as it was in the beginning.
    Reset(Option<usize>),
    /// The control at this place must be filled in first.
    Missing(usize),
    /// Nothing: why.
    Nothing(&'static str),
}

impl Page {
    /// Reads a page.
    pub fn read(html: &str) -> Self {
        read::page(html)
    }

    /// What its controls hold in the beginning, place by place.
    pub fn values(&self) -> Vec<Value> {
        let mut values: Vec<Value> = self.controls.iter().map(Control::first).collect();
        for place in 0..values.len() {
            if self.controls[place].kind == Kind::Radio && values[place] == Value::On(true) {
                self.set(&mut values, place, Value::On(true)); // of several the last one counts
            }
        }
        values
    }

    /// Puts a value in its place; of radio buttons of a name one is on.
    pub fn set(&self, values: &mut [Value], place: usize, value: Value) {
        let Some(control) = self.controls.get(place) else { return };
        if control.kind == Kind::Radio && value == Value::On(true) && !control.name.is_empty() {
            for (other, held) in self.controls.iter().zip(values.iter_mut()) {
                if other.kind == Kind::Radio && (other.form, &other.name) == (control.form, &control.name) {
                    *held = Value::On(false);
                }
            }
        }
        if let Some(held) = values.get_mut(place) {
            *held = value;
        }
    }

    /// What happens when the control at a place is pressed.
    pub fn press(&self, values: &[Value], place: usize) -> Press {
        let Some(control) = self.controls.get(place).filter(|control| !control.disabled) else {
            return Press::Nothing("The page has switched it off");
        };
        match &control.kind {
            Kind::Link(Target::Challenge, query) => Press::Send(query.clone()),
            Kind::Link(Target::BankApp, _) => Press::BankApp,
            Kind::Link(Target::Elsewhere, _) => Press::Nothing("It leads out of the challenge; an SDK stays"),
            Kind::Reset => Press::Reset(control.form),
            Kind::Submit(_) => match control.form {
                Some(form) => self.submit(values, form, Some(place)),
                None => Press::Nothing("It belongs to no form"),
            },
            _ => Press::Nothing("Only a script would give it a meaning, and none runs here"),
        }
    }

    /// What Enter in the control at a place does: as if the first button of its form was pressed.
    pub fn enter(&self, values: &[Value], place: usize) -> Press {
        let Some(form) = self.controls.get(place).and_then(|control| control.form) else {
            return Press::Nothing("It belongs to no form");
        };
        let own = |control: &&Control| control.form == Some(form);
        let button = self.controls.iter().position(|c| c.form == Some(form) && matches!(c.kind, Kind::Submit(_)));
        if let Some(button) = button {
            return self.press(values, button);
        }
        let fields = self.controls.iter().filter(own).filter(|c| matches!(c.kind, Kind::Text(_) | Kind::Password));
        if fields.count() > 1 {
            return Press::Nothing("A form of several fields needs a button");
        }
        self.submit(values, form, None)
    }

    /// The control that Enter presses when none has the keyboard.
    pub fn first_button(&self) -> Option<usize> {
        let pressable = |control: &Control| {
            !control.disabled && matches!(control.kind, Kind::Submit(_) | Kind::Link(Target::Challenge, _))
        };
        self.controls.iter().position(pressable)
    }

    /// Puts the controls of a form back.
    pub fn reset(&self, values: &mut [Value], form: Option<usize>) {
        for (place, first) in self.values().into_iter().enumerate() {
            let own = self.controls.get(place).is_some_and(|control| control.form == form);
            if let Some(held) = values.get_mut(place).filter(|_| own) {
                *held = first;
            }
        }
    }

    fn submit(&self, values: &[Value], form: usize, by: Option<usize>) -> Press {
        let Some(own) = self.forms.get(form) else { return Press::Nothing("It belongs to no form") };
        if let Some(missing) = self.missing(values, form) {
            return Press::Missing(missing);
        }
        match own.target {
            Target::Elsewhere => Press::Nothing("Its form does not go to HTTPS://EMV3DS/challenge; an SDK stays"),
            Target::BankApp => Press::BankApp,
            Target::Challenge if own.post => Press::Send(own.query.clone()),
            Target::Challenge => Press::Send(self.query(values, form, by)),
        }
    }

    /// The first control that must have something and has nothing.
    fn missing(&self, values: &[Value], form: usize) -> Option<usize> {
        let on = |place: usize| values.get(place) == Some(&Value::On(true));
        self.controls.iter().enumerate().position(|(place, control)| {
            control.required
                && !control.disabled
                && control.form == Some(form)
                && match values.get(place) {
                    Some(Value::Text(text)) => text.is_empty() && control.kind != Kind::Hidden,
                    Some(Value::On(_)) if control.kind == Kind::Radio => {
                        !self.controls.iter().enumerate().any(|(at, c)| {
                            c.kind == Kind::Radio && c.form == control.form && c.name == control.name && on(at)
                        })
                    }
                    Some(Value::On(on)) => !on,
                    Some(Value::Picked(picked)) => picked.is_empty(),
                    _ => false,
                }
        })
    }

    /// `application/x-www-form-urlencoded`, as the HTML standard makes it of a form's controls.
    fn query(&self, values: &[Value], form: usize, by: Option<usize>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (place, control) in self.controls.iter().enumerate() {
            if control.disabled || control.form != Some(form) {
                continue;
            }
            if control.kind == Kind::Submit(true) && by == Some(place) {
                let before = if control.name.is_empty() { String::new() } else { format!("{}.", control.name) };
                query.append_pair(&format!("{before}x"), "0").append_pair(&format!("{before}y"), "0");
                continue;
            }
            if control.name.is_empty() {
                continue;
            }
            match (&control.kind, values.get(place)) {
                (Kind::Submit(false), _) if by == Some(place) => {
                    query.append_pair(&control.name, &control.value);
                }
                (Kind::Area, Some(Value::Text(text))) => {
                    let lines = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
                    query.append_pair(&control.name, &lines);
                }
                (_, Some(Value::Text(text))) => {
                    query.append_pair(&control.name, text);
                }
                (_, Some(Value::On(true))) => {
                    query.append_pair(&control.name, &control.value);
                }
                (Kind::Select(choices, _), Some(Value::Picked(picked))) => {
                    for choice in picked.iter().filter_map(|at| choices.get(*at)).filter(|choice| !choice.disabled) {
                        query.append_pair(&control.name, &choice.value);
                    }
                }
                _ => (),
            }
        }
        query.finish()
    }
}

impl Control {
    fn first(&self) -> Value {
        match &self.kind {
            Kind::Text(_) | Kind::Password | Kind::Area | Kind::Hidden => Value::Text(self.value.clone()),
            Kind::Radio | Kind::Check => Value::On(self.on),
            Kind::Select(choices, multiple) => {
                let mut chosen = choices.iter().enumerate().filter(|(_, choice)| choice.on).map(|(at, _)| at);
                let picked: BTreeSet<usize> =
                    if *multiple { chosen.collect() } else { chosen.next_back().into_iter().collect() };
                let first =
                    choices.iter().position(|choice| !choice.disabled).filter(|_| !multiple && picked.is_empty());
                Value::Picked(picked.into_iter().chain(first).collect())
            }
            _ => Value::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(page: &Page, label: &str) -> usize {
        let found = page.controls.iter().position(|control| control.label == label);
        found.unwrap_or_else(|| panic!("{label} in {:#?}", page.controls))
    }

    fn words(page: &Page) -> String {
        let mut all = String::new();
        for block in &page.blocks {
            if let Block::Words(_, spans) = block {
                all.extend(spans.iter().map(|span| span.text.as_str()));
                all.push('|');
            }
        }
        all
    }

    #[test]
    fn a_form_is_sent_as_a_browser_sends_it() {
        let mut page = Page::read(
            r#"<body><h1>Larkfield  <b>Bank</b></h1><p>Pay 12.34&nbsp;EUR<br>now</p>
            <form action="HTTPS://EMV3DS/challenge" method="get">
            <input type="hidden" name="s" value="a b&amp;c"><label for="c">Code</label><input id="c" name="code" maxlength="6">
            <fieldset disabled><input name="off" value="1"></fieldset><input value="no name">
            <label><input type="radio" name="way" value="sms" checked> Text</label>
            <label><input type="radio" name="way" value="mail" checked> Mail</label>
            <label><input type="checkbox" name="trust"> Trust</label><input type="checkbox" name="x" checked aria-label="X">
            <select name="bank" aria-label="Account"><option disabled selected value="">Choose<option value="1">One<option>Two &amp; three</select>
            <textarea name="note" aria-label="Note">
a
b</textarea><button name="go" value="1">Go on</button><input type="submit" value="Other" name="other"><button type="button">Dead</button>
            </form></body>"#,
        );
        assert_eq!(page.findings, Vec::<String>::new());
        assert!(words(&page).starts_with("Larkfield Bank|Pay 12.34\u{a0}EUR\nnow|Code|"), "{}", words(&page));
        let mut values = page.values();
        page.set(&mut values, place(&page, "Code"), Value::Text("ü=1".into()));
        page.set(&mut values, place(&page, "Text"), Value::On(true));
        let by = |page: &Page, values: &[Value], label| page.press(values, place(page, label));
        let common = "s=a+b%26c&code=%C3%BC%3D1&way=sms&x=on";
        let expected = format!("{common}&note=a%0D%0Ab&go=1");
        assert_eq!(by(&page, &values, "Go on"), Press::Send(expected), "the option that is off is not sent");
        page.set(&mut values, place(&page, "Account"), Value::Picked([2].into()));
        let expected = format!("{common}&bank=Two+%26+three&note=a%0D%0Ab&other=Other");
        assert_eq!(by(&page, &values, "Other"), Press::Send(expected));
        assert_eq!(page.enter(&values, place(&page, "Code")), by(&page, &values, "Go on"), "Enter is the first button");
        assert!(matches!(by(&page, &values, "Dead"), Press::Nothing(_)));
        assert_eq!(page.controls[place(&page, "Code")].longest, Some(6));
        page.forms[0].post = true;
        assert_eq!(by(&page, &values, "Go on"), Press::Send(String::new()), "a POST has its answers elsewhere");
    }

    #[test]
    fn what_must_be_filled_in_holds_the_form_back() {
        let page = Page::read(
            r#"<form action="https://emv3ds/challenge"><input name="a" required aria-label="A">
            <input type="radio" name="r" value="1" required aria-label="One"><input type="radio" name="r" value="2" aria-label="Two">
            <input type="reset" value="Again"><input type="image" name="i" alt="Send"></form>"#,
        );
        let mut values = page.values();
        let send = place(&page, "Send");
        assert_eq!(page.press(&values, send), Press::Missing(0));
        page.set(&mut values, 0, Value::Text("x".into()));
        assert_eq!(page.press(&values, send), Press::Missing(1));
        page.set(&mut values, 2, Value::On(true));
        assert_eq!(page.press(&values, send), Press::Send("a=x&r=2&i.x=0&i.y=0".into()));
        let Press::Reset(form) = page.press(&values, place(&page, "Again")) else { panic!("resets") };
        page.reset(&mut values, form);
        assert_eq!(values, page.values());
    }

    #[test]
    fn of_many_forms_that_go_elsewhere_some_are_named() {
        let page = Page::read(&"<form action=https://x.test><button>Go</button></form>".repeat(9));
        let named = page.findings.iter().filter(|finding| finding.contains("x.test")).count();
        assert_eq!(
            (named, page.findings.last().map(String::as_str)),
            (4, Some("Of forms that go elsewhere: and 5 more"))
        );
    }

    #[test]
    fn what_an_sdk_does_not_do_is_left_out_and_told() {
        let page = Page::read(
            r#"<html><head><title>T</title><style>p{}</style><link rel=stylesheet href=x.css></head>
            <body onload="x()"><script>alert(1)</script><img src="https://x.test/a.png" alt="Logo"><p hidden>No</p>
            <div style="display: none">Nor this</div><iframe src="https://x.test"></iframe>
            <a href="https://x.test">Out</a><a href="HTTPS://EMV3DS/openoobApp">Open the app</a>
            <a href="https://EMV3DS/challenge?again=1">Again</a>
            <form action="https://x.test/steal"><input name=a aria-label=A><button>Send</button></form></body></html>"#,
        );
        let all = page.findings.join("; ");
        for part in ["script", "style", "image", "frame", "https://x.test/steal"] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(!words(&page).contains("No") && !words(&page).contains("alert") && words(&page).contains("Logo"));
        let values = page.values();
        assert_eq!(page.press(&values, place(&page, "Open the app")), Press::BankApp);
        assert_eq!(page.press(&values, place(&page, "Again")), Press::Send("again=1".into()));
        assert!(matches!(page.press(&values, place(&page, "Out")), Press::Nothing(_)));
        assert!(matches!(page.press(&values, place(&page, "Send")), Press::Nothing(_)));
    }

    #[test]
    fn hostile_pages_stay_small() {
        let deep = "<div>".repeat(60_000);
        let tangled: String = (0..8_000).map(|n| format!("<b id={n}>")).collect::<String>() + &"<p>x".repeat(8_000);
        let wide = "<p>word</p>".repeat(20_000);
        let fields = "<form><input name=a>".repeat(9_000);
        let nested = "<ul><li>a".repeat(4_000);
        for html in
            [deep, tangled, wide, fields, nested, "<".repeat(300_000), "x".repeat(2_000_000), "\0\u{feff}<p".into()]
        {
            let page = Page::read(&html);
            assert!(page.blocks.len() <= 500 && page.controls.len() <= 300, "{}", html.len());
            assert!(html.len() < 100_000 || !page.findings.is_empty());
        }
        assert_eq!(Page::read("").findings, ["The page is empty", "The page has no form: nothing can be answered"]);
    }

    proptest! {
        #[test]
        fn no_page_fails(html in "[<>/a-z \"'=!&;-]{0,200}", parts in proptest::collection::vec(prop_oneof![
            "<form[ a-z=\"]{0,20}>", "<input[ a-z=\"]{0,30}>", "</[a-z]{1,8}>", "<select><option>", "<table><tr><td>", "<li>", "\\PC{0,8}",
        ], 0..30)) {
            for html in [html, parts.concat()] {
                let page = Page::read(&html);
                let mut values = page.values();
                for place in 0..page.controls.len() {
                    page.set(&mut values, place, Value::On(true));
                    page.press(&values, place);
                    page.enter(&values, place);
                }
            }
        }
    }
}
