//! Reads a page: one walk over the parsed document, without recursion, with a limit on all that
//! grows. What is left out is counted.

use std::collections::{BTreeMap, HashMap};

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::{Block, Choice, Control, Form, Kind, Page, Span, Style, Target};

/// Most bytes. Source: emv-3ds.md 5.2, `acsHTML` of 2.3.1.
const BYTES: usize = 300_000;
/// Most `<`: a parser walks over all open elements for some of them. Our choice.
const TAGS: usize = 3_000;
/// Most `<` times elements such as `<b>`, each of which a parser may open anew after each. Our choice.
const TANGLED: usize = 100_000;
/// Most things to draw, controls, options of a list and characters. Our choice.
const BLOCKS: usize = 400;
const CONTROLS: usize = 200;
const OPTIONS: usize = 100;
const LETTERS: usize = 40_000;
/// Forms that go elsewhere and are named. Our choice.
const MOST_FOREIGN: usize = 4;
/// Nodes looked at for the words of one label, button or option. Our choice.
const NEAR: usize = 60;
/// Elements that a parser opens again where they were left open. Source: HTML standard, formatting elements.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Reads a page.
pub(super) fn page(html: &str) -> Page {
    let kept = bounded(html);
    let parsed = Html::parse_document(kept);
    let mut reader = Reader::new(&parsed);
    if kept.len() < html.len() {
        reader.findings.push(format!("Too large or too tangled: only the first {} bytes are drawn", kept.len()));
    }
    let mut next = parsed.root_element().first_child();
    while let Some(node) = next {
        if let Some(text) = node.value().as_text() {
            reader.text(text);
        } else if let Some(element) = ElementRef::wrap(node)
            && reader.open(element)
        {
            if let Some(child) = node.first_child() {
                next = Some(child);
                continue;
            }
            reader.close();
        }
        let mut left = node;
        next = loop {
            if let Some(sibling) = left.next_sibling() {
                break Some(sibling);
            }
            match left.parent() {
                Some(parent) if parent.id() != parsed.root_element().id() => {
                    reader.close();
                    left = parent;
                }
                _ => break None,
            }
        };
    }
    reader.page()
}

/// As much of it as is safe to parse.
fn bounded(html: &str) -> &str {
    let mut end = html.len().min(BYTES);
    let (mut tags, mut formatting) = (0, 0);
    for (at, _) in html.match_indices('<').take_while(|(at, _)| *at < BYTES) {
        tags += 1;
        let name: String = html[at + 1..].chars().take_while(char::is_ascii_alphanumeric).take(8).collect();
        formatting += usize::from(FORMATTING.contains(&name.to_ascii_lowercase().as_str()));
        if tags > TAGS || tags * formatting > TANGLED {
            end = at;
            break;
        }
    }
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    html.get(..end).unwrap_or_default()
}

/// What is so inside an element.
#[derive(Clone)]
struct State {
    bold: bool,
    hidden: bool,
    /// Words that a control draws beside itself.
    told: bool,
    disabled: bool,
    pre: bool,
    block: bool,
    style: Style,
    form: Option<usize>,
    label: Option<String>,
    /// Its place in `lists` is left.
    list: bool,
}

struct Reader {
    page: Page,
    findings: Vec<String>,
    left_out: BTreeMap<&'static str, usize>,
    spans: Vec<Span>,
    state: State,
    outer: Vec<State>,
    lists: Vec<Option<u32>>,
    /// Forms by their id.
    forms: HashMap<String, usize>,
    /// The words of labels by the id of what they are for.
    labels: HashMap<String, String>,
    /// Ids of radio buttons and check boxes, which draw their labels themselves.
    choices: Vec<String>,
    letters: usize,
    cut: bool,
}

impl Reader {
    fn new(html: &Html) -> Self {
        let all = |what: &str| Selector::parse(what).map(|found| html.select(&found).collect::<Vec<_>>());
        let mut forms = HashMap::new();
        let outside =
            |form: &&ElementRef<'_>| !form.ancestors().take(NEAR).filter_map(ElementRef::wrap).any(is_template);
        for (place, form) in all("form").unwrap_or_default().iter().filter(outside).enumerate() {
            if let Some(id) = form.attr("id") {
                forms.entry(id.to_owned()).or_insert(place);
            }
        }
        let mut labels = HashMap::new();
        for label in all("label[for]").unwrap_or_default().into_iter().take(CONTROLS) {
            labels.entry(label.attr("for").unwrap_or_default().to_owned()).or_insert_with(|| words(label));
        }
        let choices = all("input[type=radio i][id], input[type=checkbox i][id]").unwrap_or_default();
        let choices = choices.iter().take(CONTROLS).filter_map(|choice| choice.attr("id")).map(str::to_owned).collect();
        let state = State {
            bold: false,
            hidden: false,
            told: false,
            disabled: false,
            pre: false,
            block: false,
            style: Style::Plain,
            form: None,
            label: None,
            list: false,
        };
        Self {
            page: Page::default(),
            findings: Vec::new(),
            left_out: BTreeMap::new(),
            spans: Vec::new(),
            state,
            outer: Vec::new(),
            lists: Vec::new(),
            forms,
            labels,
            choices,
            letters: 0,
            cut: false,
        }
    }

    fn text(&mut self, text: &str) {
        if self.state.hidden || self.state.told || self.cut {
            return;
        }
        for c in text.chars() {
            let space = c.is_ascii_whitespace() && !self.state.pre;
            let before = self.spans.last().and_then(|span| span.text.chars().next_back());
            if space && before.is_none_or(|before| before.is_ascii_whitespace()) {
                continue;
            }
            self.letter(if space { ' ' } else { c });
        }
    }

    fn letter(&mut self, c: char) {
        self.letters += 1;
        if self.letters > LETTERS {
            self.cut = true;
            return;
        }
        match self.spans.last_mut() {
            Some(span) if span.bold == self.state.bold => span.text.push(c),
            _ => self.spans.push(Span { text: c.into(), bold: self.state.bold }),
        }
    }

    /// What was read so far becomes a block of its own.
    fn flush(&mut self) {
        let mut spans = std::mem::take(&mut self.spans);
        while let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end_matches(|c: char| c.is_ascii_whitespace()).len());
            if !last.text.is_empty() {
                break;
            }
            spans.pop();
        }
        if !spans.is_empty() {
            self.block(Block::Words(self.state.style.clone(), spans));
            if let Style::Item(mark, _) = &mut self.state.style {
                mark.clear(); // an item has one mark, however many parts
            }
        }
    }

    fn block(&mut self, block: Block) {
        if self.page.blocks.len() < BLOCKS {
            self.page.blocks.push(block);
        } else {
            self.cut = true;
        }
    }

    /// True if what is inside is to be read; then [`Reader::close`] follows.
    fn open(&mut self, element: ElementRef<'_>) -> bool {
        self.look_for_scripts(element);
        let name = element.value().name();
        match name {
            "script" | "noscript" => return self.leave_out("script"),
            "style" => return self.leave_out("style sheet"),
            "head" => return self.head(element),
            "template" | "datalist" => return false,
            "iframe" | "frame" | "frameset" => return self.leave_out("frame"),
            "object" | "embed" | "applet" | "canvas" | "audio" | "video" => return self.leave_out("embedded medium"),
            "svg" | "math" => return self.leave_out("drawing"),
            "link" => return self.leave_out("style sheet"),
            "img" => return self.image(element),
            "br" => {
                if !self.state.hidden && !self.spans.is_empty() {
                    self.letter('\n');
                }
                return false;
            }
            "hr" => {
                self.flush();
                self.block(Block::Rule);
                return false;
            }
            "input" | "button" | "select" | "textarea" => {
                self.flush();
                self.control(element);
                return false;
            }
            "a" if element.attr("href").is_some() => {
                self.flush();
                self.anchor(element);
                return false;
            }
            _ => (),
        }
        if is_block(name) || name == "dt" {
            self.flush();
        }
        self.outer.push(self.state.clone());
        self.enter(element, name);
        true
    }

    fn enter(&mut self, element: ElementRef<'_>, name: &str) {
        let fieldset =
            |element: ElementRef<'_>| element.value().name() == "fieldset" && element.attr("disabled").is_some();
        self.state.block = is_block(name);
        self.state.list = false;
        self.state.hidden |= is_hidden(element);
        match name {
            "b" | "strong" | "th" | "legend" => self.state.bold = true,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.as_bytes().get(1).map_or(1, |digit| digit - b'0');
                self.state.style = Style::Heading(level);
            }
            "dd" => {
                if !self.spans.is_empty() {
                    self.letter('\u{a0}'); // beside what it is about
                    self.letter('\u{a0}');
                }
                self.state.bold = true;
                self.state.block = true;
            }
            "ul" | "ol" | "menu" => {
                let first = element.attr("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                self.lists.push((name == "ol").then_some(first));
                self.state.list = true;
            }
            "li" => {
                let depth = u8::try_from(self.lists.len().clamp(1, 6)).unwrap_or(6);
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number = number.saturating_add(1);
                        format!("{}.", *number - 1)
                    }
                    _ => "•".into(),
                };
                self.state.style = Style::Item(mark, depth);
            }
            "pre" => self.state.pre = true,
            "form" => {
                self.state.form = Some(self.page.forms.len());
                self.page.forms.push(form(element, None));
            }
            "label" => {
                self.flush();
                self.state.label = Some(words(element));
                self.state.style = Style::Label;
                self.state.block = true;
                self.state.told |= self.is_for_choice(element);
            }
            _ => (),
        }
        self.state.disabled |= fieldset(element);
        let outer = element.parent().and_then(ElementRef::wrap);
        if name == "legend" && outer.is_some_and(fieldset) {
            let around = self.outer.len().checked_sub(2).and_then(|at| self.outer.get(at));
            self.state.disabled = around.is_some_and(|around| around.disabled);
        }
    }

    fn close(&mut self) {
        if self.state.block {
            self.flush();
        }
        if self.state.list {
            self.lists.pop();
        }
        let mark = match &self.state.style {
            Style::Item(mark, _) => Some(mark.clone()),
            _ => None,
        };
        if let Some(outer) = self.outer.pop() {
            self.state = outer;
        }
        // The mark was used inside, by a paragraph of the item.
        if let (Style::Item(own, _), Some(mark)) = (&mut self.state.style, mark)
            && mark.is_empty()
        {
            own.clear();
        }
    }

    fn is_for_choice(&self, label: ElementRef<'_>) -> bool {
        match label.attr("for") {
            Some(id) => self.choices.iter().any(|choice| choice == id),
            None => {
                let mut inside = label.descendants().take(NEAR).filter_map(ElementRef::wrap);
                let control =
                    inside.find(|element| matches!(element.value().name(), "input" | "select" | "textarea" | "button"));
                let kind = control.and_then(|control| control.attr("type")).unwrap_or_default();
                kind.eq_ignore_ascii_case("radio") || kind.eq_ignore_ascii_case("checkbox")
            }
        }
    }

    fn leave_out(&mut self, what: &'static str) -> bool {
        *self.left_out.entry(what).or_default() += 1;
        false
    }

    fn look_for_scripts(&mut self, element: ElementRef<'_>) {
        for (name, _) in element.value().attrs() {
            if name.starts_with("on") {
                self.leave_out("script");
            } else if name == "style" {
                self.leave_out("style");
            }
        }
    }

    /// Nothing of it is drawn; what it would fetch or run is told.
    fn head(&mut self, head: ElementRef<'_>) -> bool {
        for element in head.child_elements().take(CONTROLS) {
            match element.value().name() {
                "script" => self.leave_out("script"),
                "style" => self.leave_out("style sheet"),
                "link" if element.attr("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet")) => {
                    self.leave_out("style sheet")
                }
                "meta" if element.attr("http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh")) => {
                    self.leave_out("reload")
                }
                _ => false,
            };
        }
        false
    }

    fn image(&mut self, image: ElementRef<'_>) -> bool {
        if !self.state.hidden && !is_hidden(image) {
            let alt = image.attr("alt").unwrap_or("picture");
            if !alt.is_empty() {
                self.text(&format!("[{alt}]"));
            }
        }
        self.leave_out("image")
    }

    fn anchor(&mut self, anchor: ElementRef<'_>) {
        let (target, query) = target(anchor.attr("href").unwrap_or_default());
        let label = match words(anchor) {
            words if words.is_empty() => {
                anchor.attr("aria-label").or(anchor.attr("title")).unwrap_or("Link").to_owned()
            }
            words => words,
        };
        if target == Target::Elsewhere {
            self.leave_out("link");
        }
        let control = Control { label, form: None, disabled: false, ..blank(Kind::Link(target, query)) };
        self.add(control, !self.state.hidden && !is_hidden(anchor));
    }

    fn control(&mut self, element: ElementRef<'_>) {
        let attr = |name: &str| element.attr(name).unwrap_or_default().to_owned();
        let mut control = blank(kind(element));
        control.name = attr("name");
        control.value = value(element, &control.kind);
        control.hint = attr("placeholder");
        control.on = element.attr("checked").is_some();
        control.longest = element.attr("maxlength").and_then(|most| most.trim().parse().ok());
        control.required = element.attr("required").is_some();
        control.disabled = self.state.disabled || element.attr("disabled").is_some();
        control.form = match element.attr("form") {
            Some(id) => self.forms.get(id).copied(),
            None => self.state.form,
        };
        if let (Kind::Submit(_), Some(form)) = (&control.kind, control.form)
            && (element.attr("formaction").is_some() || element.attr("formmethod").is_some())
        {
            // Rare: the button takes its form elsewhere. A browser asks the button first.
            let own = self.page.forms.get(form).cloned();
            let other = self::form(element, own);
            if self.page.forms.get(form).is_some_and(|form| *form != other) {
                self.findings
                    .push("A button sends its form elsewhere than the form says; the form's own way is taken".into());
            }
        }
        control.label = self.label_of(element, &control);
        let shown = control.kind != Kind::Hidden && !self.state.hidden && !is_hidden(element);
        self.add(control, shown);
    }

    fn label_of(&self, element: ElementRef<'_>, control: &Control) -> String {
        let own = match control.kind {
            Kind::Submit(true) => element.attr("alt").map(str::to_owned),
            Kind::Submit(_) | Kind::Reset | Kind::Inert if element.value().name() == "button" => Some(words(element)),
            Kind::Submit(_) => Some(element.attr("value").unwrap_or("Submit").to_owned()),
            Kind::Reset => Some(element.attr("value").unwrap_or("Reset").to_owned()),
            Kind::Inert => element.attr("value").map(str::to_owned),
            _ => {
                let by_id = element.attr("id").and_then(|id| self.labels.get(id)).cloned();
                by_id.or_else(|| self.state.label.clone())
            }
        };
        let others =
            ["aria-label", "placeholder", "title", "value", "name"].into_iter().filter_map(|name| element.attr(name));
        let mut all = own.into_iter().chain(others.map(str::to_owned));
        all.find(|label| !label.trim().is_empty()).unwrap_or_else(|| "Field".into())
    }

    fn add(&mut self, control: Control, shown: bool) {
        if self.page.controls.len() >= CONTROLS {
            self.cut = true;
            return;
        }
        self.page.controls.push(control);
        if shown {
            self.block(Block::Control(self.page.controls.len() - 1));
        }
    }

    /// What came of it, with the findings.
    fn page(mut self) -> Page {
        self.flush();
        let mut findings = self.findings;
        if self.cut {
            findings.push("It is long: the rest of it is not drawn".into());
        }
        let parts = self.left_out.iter().map(|(what, count)| match (*count, *what) {
            (1, what) => format!("1 {what}"),
            (count, "embedded medium") => format!("{count} embedded media"),
            (count, what) => format!("{count} {what}s"),
        });
        let parts: Vec<String> = parts.collect();
        if !parts.is_empty() {
            findings.push(format!("Left out: {}", parts.join(", ")));
        }
        if self.page.blocks.is_empty() {
            findings.push("The page is empty".into());
        }
        let leads = |control: &Control| matches!(control.kind, Kind::Link(Target::Challenge | Target::BankApp, _));
        if self.page.forms.is_empty() && !self.page.controls.iter().any(leads) {
            findings.push("The page has no form: nothing can be answered".into());
        }
        if self.page.forms.iter().any(|form| form.post) {
            findings.push("A form is sent with POST: its answers do not reach the SDK".into());
        }
        self.page.findings = findings;
        let mut foreign = self.page.forms.iter_mut().filter(|form| form.target == Target::Elsewhere);
        self.page.findings.extend(foreign.by_ref().take(MOST_FOREIGN).map(|form| {
            let to = std::mem::take(&mut form.query);
            format!("A form goes to «{to}», not to HTTPS://EMV3DS/challenge")
        }));
        let more = foreign.fold(0_usize, |more, form| {
            form.query.clear();
            more + 1
        });
        if more > 0 {
            self.page.findings.push(format!("Of forms that go elsewhere: and {more} more"));
        }
        self.page
    }
}

fn blank(kind: Kind) -> Control {
    Control {
        kind,
        name: String::new(),
        label: String::new(),
        value: String::new(),
        hint: String::new(),
        on: false,
        longest: None,
        required: false,
        disabled: false,
        form: None,
    }
}

fn is_template(element: ElementRef<'_>) -> bool {
    element.value().name() == "template"
}

fn is_hidden(element: ElementRef<'_>) -> bool {
    let style = element.attr("style").unwrap_or_default().to_ascii_lowercase();
    let style: String = style.chars().filter(|c| !c.is_ascii_whitespace()).take(400).collect();
    element.attr("hidden").is_some() || style.contains("display:none")
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "details"
            | "dialog"
            | "div"
            | "dl"
            | "fieldset"
            | "figure"
            | "figcaption"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tr"
            | "ul"
    )
}

/// The words near below an element, spaces folded.
fn words(element: ElementRef<'_>) -> String {
    let near = element.descendants().take(NEAR);
    // What is inside of a control is the control's.
    let own = near.filter(|node| {
        !node.parent().and_then(ElementRef::wrap).is_some_and(|parent| {
            parent != element
                && matches!(parent.value().name(), "option" | "select" | "textarea" | "button" | "script" | "style")
        })
    });
    let mut all = String::new();
    for text in own.filter_map(|node| node.value().as_text()) {
        all.extend(text.chars().take(400));
    }
    let folded: Vec<&str> = all.split_ascii_whitespace().collect();
    folded.join(" ").chars().take(400).collect()
}

fn kind(element: ElementRef<'_>) -> Kind {
    let kind = element.attr("type").unwrap_or_default().to_ascii_lowercase();
    match (element.value().name(), kind.as_str()) {
        ("textarea", _) => Kind::Area,
        ("select", _) => {
            let options = element.descendants().filter_map(ElementRef::wrap).filter(|e| e.value().name() == "option");
            Kind::Select(options.take(OPTIONS).map(choice).collect(), element.attr("multiple").is_some())
        }
        ("button", "button") | ("input", "button" | "file" | "color" | "range") => Kind::Inert,
        (_, "reset") => Kind::Reset,
        ("button", _) | ("input", "submit") => Kind::Submit(false),
        ("input", "image") => Kind::Submit(true),
        ("input", "hidden") => Kind::Hidden,
        ("input", "radio") => Kind::Radio,
        ("input", "checkbox") => Kind::Check,
        ("input", "password") => Kind::Password,
        ("input", "number" | "tel") => Kind::Text(true),
        _ => {
            let mode = element.attr("inputmode").unwrap_or_default();
            Kind::Text(mode.eq_ignore_ascii_case("numeric") || mode.eq_ignore_ascii_case("tel"))
        }
    }
}

fn choice(option: ElementRef<'_>) -> Choice {
    let label = words(option);
    let group = option.parent().and_then(ElementRef::wrap);
    let off = group.is_some_and(|group| group.value().name() == "optgroup" && group.attr("disabled").is_some());
    Choice {
        value: option.attr("value").map_or_else(|| label.clone(), str::to_owned),
        label: option.attr("label").map_or(label, str::to_owned),
        on: option.attr("selected").is_some(),
        disabled: off || option.attr("disabled").is_some(),
    }
}

fn value(element: ElementRef<'_>, kind: &Kind) -> String {
    let most = |text: &str| text.chars().take(LETTERS).collect::<String>();
    match kind {
        Kind::Area => {
            let text: String = element.text().take(NEAR).collect();
            most(text.strip_prefix('\n').unwrap_or(&text))
        }
        Kind::Radio | Kind::Check => most(element.attr("value").unwrap_or("on")),
        // A submit button of a form sends its words only if they are its value.
        Kind::Submit(_) if element.value().name() == "input" && element.attr("value").is_none() => "Submit".into(),
        Kind::Text(_) | Kind::Password => most(&element.attr("value").unwrap_or_default().replace(['\n', '\r'], "")),
        _ => most(element.attr("value").unwrap_or_default()),
    }
}

/// Where a form goes; a button may say otherwise than its form.
fn form(element: ElementRef<'_>, own: Option<Form>) -> Form {
    let action = element.attr("action").or(element.attr("formaction"));
    let (target, query) = match (action, &own) {
        (None, Some(own)) => (own.target, own.query.clone()),
        (action, _) => target(action.unwrap_or_default()),
    };
    let method = element.attr("method").or(element.attr("formmethod"));
    let post = method.map_or(own.is_some_and(|own| own.post), |method| method.eq_ignore_ascii_case("post"));
    Form { target, query, post }
}

/// What an address means to an SDK, and its query; of an address elsewhere itself.
fn target(address: &str) -> (Target, String) {
    let Some(url) = Url::parse(address.trim()).ok().filter(|url| url.scheme() == "https") else {
        return (Target::Elsewhere, address.chars().take(120).collect());
    };
    let own = url.host_str().is_some_and(|host| host.eq_ignore_ascii_case("emv3ds"));
    let query = url.query().unwrap_or_default().to_owned();
    match url.path().trim_end_matches('/').to_ascii_lowercase().as_str() {
        "/challenge" if own => (Target::Challenge, query),
        "/openoobapp" if own => (Target::BankApp, query),
        _ => (Target::Elsewhere, address.chars().take(120).collect()),
    }
}
