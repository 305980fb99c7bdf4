//! What the banks say on the screens of an app: the same sentences as on their pages, cut to
//! what a message may hold, and a page for apps that show HTML. Source: emv-3ds.md 5.2.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::words::Bank;
use super::{CHOICES, Purchase, Question, WAYS, look, sentences, word};
use crate::model::scenario::{BankId, PageKind};
use crate::page::Pages;
use crate::sandbox::session::Session;

/// The sentences of one screen.
pub(in crate::sandbox) struct Labels {
    /// At most 45 characters, like every label here.
    pub(in crate::sandbox) heading: String,
    pub(in crate::sandbox) label: String,
    /// At most 350 characters.
    pub(in crate::sandbox) text: String,
    /// In the order of [`CHOICES`] or [`WAYS`].
    pub(in crate::sandbox) choices: Vec<(&'static str, String)>,
    pub(in crate::sandbox) proceed: String,
    pub(in crate::sandbox) resend: String,
    pub(in crate::sandbox) other_way: String,
    pub(in crate::sandbox) open_app: String,
    /// What stands above the box for the last digits of the card.
    pub(in crate::sandbox) second_box: String,
    pub(in crate::sandbox) why: [String; 2],
    pub(in crate::sandbox) help: [String; 2],
    /// At most 64 characters, like the next.
    pub(in crate::sandbox) trust: String,
    pub(in crate::sandbox) remember_device: String,
    /// As scenario files name the bank.
    pub(in crate::sandbox) bank: &'static str,
}

/// What a bank says on a screen; `bold` puts amount and shop in `**`.
pub(in crate::sandbox) fn labels(session: &Session, question: &Question, bold: bool) -> Labels {
    let bank = Bank::of(question.screen.bank);
    let (words, purchase) = (bank.words, Purchase::of(session));
    let all = sentences(&purchase, question, &bank);
    let said = |name: &str| all.get_attr(name).ok().and_then(|value| value.as_str().map(str::to_owned));
    let text = |name: &str| said(name).unwrap_or_default();
    let kind = question.screen.kind;
    let label = match kind {
        PageKind::SingleSelect => words.select_legend,
        PageKind::MultiSelect => words.shops_legend,
        _ => words.password,
    };
    let choices = match kind {
        PageKind::SingleSelect => pairs(&WAYS, &[words.by_phone, words.by_email]),
        PageKind::MultiSelect => pairs(&CHOICES, &words.shops),
        _ => Vec::new(),
    };
    Labels {
        heading: cut(&text("heading"), 45),
        label: cut(label, 45),
        text: cut(&paragraphs(question, &bank, &said, bold), 350),
        choices,
        proceed: cut(words.proceed, 45),
        resend: cut(words.resend, 45),
        other_way: cut(words.by_email, 45),
        open_app: cut(words.open_app, 45),
        second_box: cut(&format!("{} ••••", words.card), 45),
        why: [cut(words.why, 45), cut(words.why_text, 256)],
        help: [cut(words.help, 45), cut(&text("help"), 256)],
        trust: cut(&text("trust_legend"), 64),
        remember_device: cut(words.remember_device, 64),
        bank: bank.id,
    }
}

fn pairs(keys: &[&'static str], labels: &[&str]) -> Vec<(&'static str, String)> {
    keys.iter().zip(labels).map(|(key, label)| (*key, cut(label, 45))).collect()
}

/// What is wrong, what to do, and what it is about: a line each.
fn paragraphs(question: &Question, bank: &Bank, said: &dyn Fn(&str) -> Option<String>, bold: bool) -> String {
    let (words, screen) = (bank.words, &question.screen);
    let strong = |text: String| if bold && !text.is_empty() { format!("**{text}**") } else { text };
    let mut lines = Vec::new();
    if screen.early {
        lines.push(words.app_early.to_owned());
    } else if question.mistake {
        lines.extend([said("error"), said("tries")].into_iter().flatten());
    }
    lines.extend(said("lead"));
    match screen.kind {
        PageKind::SingleSelect => lines.push(words.select_legend.to_owned()),
        PageKind::MultiSelect => lines.push(words.shops_legend.to_owned()),
        PageKind::Information => lines.extend(words.info_rules.map(str::to_owned)),
        _ => (),
    }
    let about =
        [said("amount").map(strong), said("merchant").map(strong), said("card").map(|card| format!("•••• {card}"))];
    let about: Vec<String> = about.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    lines.push(about.join(" · "));
    lines.join("\n")
}

/// The first characters of a text; a longer one ends in an ellipsis.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

/// The page for an app that shows HTML: nothing from outside, no script; its form goes nowhere,
/// for the SDK takes what it would send. Source: emv-3ds.md 5.2.
pub(in crate::sandbox) fn html(pages: &Pages, session: &Session, question: &Question) -> String {
    let bank = Bank::of(question.screen.bank);
    let screen = &question.screen;
    let page = context! {
        kind => word(screen.kind),
        trust => screen.trust,
        early => screen.early,
        may_resend => screen.may_resend,
        mistake => question.mistake,
        ways => WAYS,
        choices => CHOICES,
        words => Value::from(Serde(bank.words)),
        ..context! { ..sentences(&Purchase::of(session), question, &bank), ..look(&bank) }
    };
    pages.text("app.html", page)
}

/// The banks as scenario files name them.
pub(in crate::sandbox) fn ids() -> [&'static str; 4] {
    [BankId::Larkfield, BankId::Auental, BankId::DeuxRives, BankId::PalmGate].map(|id| Bank::of(id).id)
}

/// What a mark of a bank or a scheme looks like: its name on a plate. `None` for a name that
/// nobody has. Source: emv-3ds.md 5.2 (`issuerImage`, `psImage`).
pub(in crate::sandbox) fn mark(file: &str, known: impl Fn(&str) -> bool) -> Option<String> {
    let (name, look) = file.strip_suffix(".svg")?.rsplit_once('-')?;
    if !known(name) {
        return None;
    }
    let (plate, ink, width) = match look {
        "default" => ("midnightblue", "white", 240),
        "dark" => ("white", "midnightblue", 240),
        "monochrome" => ("white", "black", 240),
        "medium" => ("midnightblue", "white", 120),
        "high" => ("midnightblue", "white", 240),
        "extraHigh" => ("midnightblue", "white", 360),
        _ => return None,
    };
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" viewBox=\"0 0 120 40\">\
         <rect width=\"120\" height=\"40\" rx=\"6\" fill=\"{plate}\"/>\
         <text x=\"60\" y=\"25\" font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\" fill=\"{ink}\">{}</text>\
         </svg>",
        name.replace('_', " ")
    ))
}
