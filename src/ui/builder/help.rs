//! What is known of a field, in words: for the hover, for the strip beneath the form, for
//! the reference. All from the table; knows no draft and no value.

use egui::{RichText, Ui, vec2};

use crate::model::draft::{Body, Channel, Completion};
use crate::model::fields::{Field, Kind, Required, Since, Word};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// Width of a hover, points.
const HOVER: f32 = 340.0;
/// Width of a fact's name, points.
const NAME: f32 = 84.0;
/// Widest column of wire words, points; longer words stand out of it.
const MOST_NAME: f32 = 190.0;
/// Most words listed with their meanings in a hover; the reference lists all.
const WORDS_IN_HOVER: usize = 12;

/// The field's place below its group's object: `billing_address.city`. Unique among the
/// fields that one form shows.
pub fn path(field: &Field) -> String {
    let below = ["/source/", "/completion/", "/channel_data/"].into_iter().find_map(|object| {
        let below = field.pointer.strip_prefix(object)?;
        (below != "type").then_some(below)
    });
    below.unwrap_or_else(|| field.pointer.trim_start_matches('/')).replace('/', ".")
}

/// The request that carries a document: `POST /sessions`.
pub fn request_line(body: Body) -> &'static str {
    match body {
        Body::Session => "POST /sessions",
        Body::Browser | Body::App => "PUT …/collect-data",
        Body::Fingerprint => "PUT …/issuer-fingerprint",
        Body::Payment => "POST /payments",
    }
}

/// The words that a field takes, each with its meaning; empty if it takes any text.
pub fn words(field: &Field) -> &'static [Word] {
    match field.kind {
        Kind::OneOf(words) | Kind::ListOf(words, _) => words,
        _ => &[],
    }
}

/// Type and limits: `text of 2 to 45 characters`.
pub fn kind(field: &Field) -> String {
    match field.kind {
        Kind::OneOf(words) => format!("one of {} words", words.len()),
        Kind::ListOf(..) => "a list of words".into(),
        kind => kind.wanted().trim_start_matches("is ").to_owned(),
    }
}

/// Where it means something; `None` if everywhere.
pub fn applies(field: &Field) -> Option<String> {
    let applies = &field.applies;
    let mut only = Vec::new();
    only.extend(applies.completion.map(|completion| completion_word(completion).to_owned()));
    only.extend(applies.channel.map(|channel| format!("the {} channel", channel_word(channel))));
    if !applies.sources.is_empty() {
        only.push(format!("source.type {}", applies.sources.join(" or ")));
    }
    only.extend(applies.kind.map(|kind| format!("authentication_type {kind}")));
    (!only.is_empty()).then(|| format!("Only for {}", only.join(", ")))
}

/// `hosted`, `non-hosted`.
pub fn completion_word(completion: Completion) -> &'static str {
    match completion {
        Completion::Hosted => "hosted",
        Completion::NonHosted => "non-hosted",
    }
}

/// `browser`, `app`, `merchant-initiated`.
pub fn channel_word(channel: Channel) -> &'static str {
    match channel {
        Channel::Browser => "browser",
        Channel::App => "app",
        Channel::MerchantInitiated => "merchant-initiated",
    }
}

/// Everything but the meaning and the words: name and text of each fact.
pub fn facts(field: &Field) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Type", kind(field)), ("Needed", field.need())];
    if let (Some(default), false) = (field.default, field.required == Required::No) {
        facts.push(("Left out", default.to_owned()));
    }
    facts.extend(applies(field).map(|text| ("Applies", text)));
    facts.extend(field.emv.map(|name| ("EMV 3DS", name.to_owned())));
    facts.push(("Stands at", format!("{} {}", request_line(field.body), field.pointer)));
    let edition = match field.since {
        Since::Y2022 => String::new(),
        since => format!(", {}", since.label()),
    };
    facts.push(("Source", format!("sessions-api.md {}{edition}", field.section)));
    facts
}

/// The short line: type, when needed, EMV name.
pub fn line(field: &Field) -> String {
    let mut parts = vec![kind(field)];
    if field.required != Required::No {
        parts.push(lower_first(&field.need()));
    }
    parts.extend(field.emv.map(|name| format!("EMV {name}")));
    parts.join(" · ")
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The hover over a field: all of it.
pub fn hover_ui(ui: &mut Ui, field: &Field) {
    ui.set_max_width(HOVER);
    ui.spacing_mut().item_spacing.y = 2.0;
    widgets::mono(ui, &path(field), Tokens::of(ui).text);
    let help = RichText::new(field.help).font(theme::words(theme::BODY)).color(Tokens::of(ui).text);
    ui.add(egui::Label::new(help).wrap());
    ui.add_space(4.0);
    facts_ui(ui, field);
    words_ui(ui, field, WORDS_IN_HOVER);
}

/// The facts as rows of name and text.
pub fn facts_ui(ui: &mut Ui, field: &Field) {
    for (name, text) in facts(field) {
        pair_ui(ui, name, &text, None);
    }
}

/// The words that the field takes, at most so many, each with its meaning.
pub fn words_ui(ui: &mut Ui, field: &Field, most: usize) {
    let words = words(field);
    if words.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let line = |word: &Word| widgets::line_of(ui, word.word, theme::code(theme::SMALL), Tokens::of(ui).text).size().x;
    let width = words.iter().take(most).map(line).fold(NAME, f32::max).min(MOST_NAME);
    for word in words.iter().take(most) {
        pair_ui(ui, word.word, word.meaning, Some(width));
    }
    if let Some(more) = words.len().checked_sub(most).filter(|more| *more > 0) {
        widgets::muted(ui, &format!("and {more} more"));
    }
}

/// Name and text; a wire word in a column of `word` points.
fn pair_ui(ui: &mut Ui, name: &str, text: &str, word: Option<f32>) {
    let tokens = Tokens::of(ui);
    ui.horizontal_top(|ui| {
        let (font, colour, column) = match word {
            Some(width) => (theme::code(theme::SMALL), tokens.text, width),
            None => (theme::words(theme::SMALL), tokens.muted, NAME),
        };
        let galley = widgets::line_of(ui, name, font, colour);
        let width = galley.size().x.max(column);
        let (rect, _) = ui.allocate_exact_size(vec2(width, galley.size().y), egui::Sense::hover());
        ui.painter().galley(rect.min, galley, colour);
        let text = RichText::new(text).font(theme::words(theme::SMALL)).color(tokens.text_second);
        ui.add(egui::Label::new(text).wrap());
    });
}
