//! The rendered pages, without a server.

use std::collections::HashSet;

use scraper::{Html, Selector};

use super::*;
use crate::sandbox::issuer;

const BANKS: [BankId; 4] = [BankId::Larkfield, BankId::Auental, BankId::DeuxRives, BankId::PalmGate];
const KINDS: [PageKind; 7] = [
    PageKind::Otp,
    PageKind::SingleSelect,
    PageKind::MultiSelect,
    PageKind::OutOfBand,
    PageKind::Html,
    PageKind::Information,
    PageKind::Spc,
];

fn purchase() -> Purchase<'static> {
    Purchase {
        amount_minor: Some(123_321),
        currency: "USD",
        merchant: "Fern & Fable <b>",
        card: "4242",
        programme: "Visa Secure",
        created: "2026-11-01T10:00:00Z".parse().expect("a time"),
    }
}

fn question(screen: Screen) -> Question<'static> {
    Question {
        screen,
        step: "challenge",
        hidden: vec![("creq", "abc"), ("threeDSSessionData", "x\"<")],
        interactions: 1,
        wrong: 1,
        mistake: false,
        resent: false,
        address: "https://shop.example.test/cres",
    }
}

fn html(purchase: &Purchase, question: &Question) -> String {
    let answer = show(&issuer::pages(), purchase, question, (Duration::from_secs(587), false));
    assert_eq!(answer.status(), StatusCode::OK);
    let whole = http_body_util::BodyExt::collect(answer.into_body());
    let bytes = pollster::block_on(whole).expect("a page in memory").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn page(bank: BankId, kind: PageKind) -> Html {
    Html::parse_document(&html(&purchase(), &question(Screen { bank, kind, ..Screen::default() })))
}

fn all<'a>(page: &'a Html, css: &str) -> Vec<scraper::ElementRef<'a>> {
    page.select(&Selector::parse(css).expect("a selector")).collect()
}

fn text(page: &Html, css: &str) -> String {
    all(page, css).first().map(|found| found.text().collect()).unwrap_or_default()
}

#[test]
fn every_page_has_its_form_its_names_and_its_language() {
    for bank in BANKS {
        for kind in KINDS {
            let page = page(bank, kind);
            let expected = Bank::of(bank);
            let root = all(&page, "html")[0];
            assert_eq!(root.attr("lang"), Some(expected.language));
            assert_eq!(root.attr("dir"), Some(expected.direction));
            assert!(text(&page, "title").ends_with("3D Simulator"));
            for css in [
                "form#form[action='/simulator/acs/challenge'][method=post]",
                "#txtButton",
                "#cancelButton[name=cancel][value='1']",
            ] {
                assert_eq!(all(&page, css).len(), 1, "{bank:?} {kind:?} {css}");
            }
            assert_eq!(all(&page, "#form input[name=creq][value=abc]").len(), 1);
            assert_eq!(all(&page, "#form input[name=interaction][value='1']").len(), 1);
            assert_eq!(all(&page, "#form input[name=threeDSSessionData]")[0].attr("value"), Some("x\"<"));
            assert_eq!(text(&page, "dl dd bdi"), "Fern & Fable <b>");
            assert_eq!(text(&page, "#clock"), "9:47");
            // A described or labelled part exists, and no id is there twice.
            let ids: Vec<_> = all(&page, "[id]").iter().filter_map(|found| found.attr("id")).collect();
            assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{ids:?}");
            for named in all(&page, "[aria-describedby], label[for]") {
                let refers = named.attr("aria-describedby").or(named.attr("for")).unwrap_or_default();
                assert!(refers.split(' ').all(|id| ids.contains(&id)), "{bank:?} {kind:?} {refers}");
            }
            // Nothing was left unfilled.
            assert!(!page.root_element().text().any(|words| words.contains("{m") || words.contains("{a")));
        }
    }
}

#[test]
fn each_kind_posts_what_the_issuer_reads() {
    for (kind, css, count) in [
        (PageKind::Otp, "#form input#password[type=password][name=password]", 1),
        (PageKind::Otp, "#resend input[name=interaction]", 1),
        (PageKind::Otp, "#resendButton[name=resend][value='1'][form=resend]", 1),
        (PageKind::SingleSelect, "#form fieldset legend", 1),
        (PageKind::SingleSelect, "#form input[type=radio][name=choice][value=phone]", 1),
        (PageKind::SingleSelect, "#form input[type=radio][name=choice][value=email]", 1),
        (PageKind::MultiSelect, "#form input[type=checkbox][name=choices]", 5),
        (PageKind::OutOfBand, "#txtButton[name=continue][value='1']", 1),
        (PageKind::Information, "#txtButton[name=continue][value='1']", 1),
        (PageKind::Html, "#form input#agree[type=checkbox][name=agree][value='1']", 1),
        (PageKind::Html, "#resendButton", 0),
        (PageKind::Otp, "input[name=trust]", 0),
    ] {
        assert_eq!(all(&page(BankId::Larkfield, kind), css).len(), count, "{kind:?} {css}");
    }
    for key in RIGHT_CHOICES {
        assert!(CHOICES.contains(&key));
    }
}

#[test]
fn what_went_before_is_said() {
    let otp = |change: fn(&mut Question)| {
        let mut question = question(Screen::default());
        change(&mut question);
        html(&purchase(), &question)
    };
    let mistaken = otp(|question| question.mistake = true);
    assert!(mistaken.contains("role=\"alert\"") && mistaken.contains("aria-invalid=\"true\""));
    assert!(otp(|question| question.wrong = 2).contains("1 try left"));
    assert!(otp(|question| question.resent = true).contains("We sent a new password"));
    assert!(otp(|question| question.screen.sent_to = Some("email")).contains("mailbox"));
    assert!(!otp(|question| question.screen.may_resend = false).contains("name=\"resend\""));
    assert!(otp(|question| question.screen.trust = true).contains("name=\"trust\" value=\"Y\""));
    let strict = otp(|question| question.screen.strict = true);
    assert!(strict.contains("newest code") && !strict.contains(PASSWORD));
    let app = otp(|question| {
        question.screen = Screen {
            kind: PageKind::OutOfBand,
            early: true,
            poll: Some("/simulator/acs/app?x=1".into()),
            ..Screen::default()
        };
    });
    assert!(app.contains("id=\"early\" role=\"alert\"") && app.contains("data-poll="));
}

#[test]
fn amounts_dates_and_messages_are_as_readers_expect() {
    let paid = purchase();
    let said = |bank, kind, code| message_text(kind, &paid, &Bank::of(bank), code);
    for (bank, amount, date) in [
        (BankId::Larkfield, "$1,233.21", "1 November 2026"),
        (BankId::Auental, "1.233,21\u{a0}$", "1. November 2026"),
        (BankId::DeuxRives, "1\u{202f}233,21\u{a0}$US", "1er novembre 2026"),
        (BankId::PalmGate, "1,233.21\u{a0}US$", "1 نوفمبر 2026"),
    ] {
        assert_eq!(money::written(&paid, &Bank::of(bank)).as_deref(), Some(amount));
        assert_eq!(money::day(paid.created, &Bank::of(bank)), date);
    }
    assert_eq!(
        said(BankId::Larkfield, PhoneKind::Text, "123456"),
        "Password for USD 1233.21 at Fern & Fable <b>: 123456"
    );
    assert_eq!(said(BankId::Larkfield, PhoneKind::Push, ""), "Approve USD 1233.21 at Fern & Fable <b>?");
    assert_eq!(said(BankId::Auental, PhoneKind::Push, ""), "1233,21 USD bei Fern & Fable <b> freigeben?");
    assert!(said(BankId::PalmGate, PhoneKind::Text, "123456").contains("123456"));
    let kept = Purchase { amount_minor: None, ..purchase() };
    assert!(html(&kept, &question(Screen::default())).contains("Confirm your card"));
    let yen = Purchase { currency: "JPY", amount_minor: Some(6540), ..purchase() };
    assert_eq!(money::written(&yen, &Bank::of(BankId::Larkfield)).as_deref(), Some("JPY\u{a0}6,540"));
}

#[test]
fn a_bank_that_refuses_frames_says_so_and_leaves_its_opener_alone() {
    let refusing = question(Screen { frames: Frames::Refused, ..Screen::default() });
    let answer = show(&issuer::pages(), &purchase(), &refusing, (Duration::ZERO, false));
    let headers = answer.headers();
    let policy = headers["content-security-policy"].to_str().expect("ASCII");
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    assert_eq!(headers["x-frame-options"], "DENY");
    assert!(!headers.contains_key("cross-origin-opener-policy"));
}

#[test]
fn an_error_of_the_protocol_is_readable_and_a_closed_challenge_is_called_so() {
    for (code, heading, meaning) in [
        ("301", "This challenge request cannot be read", "nobody knows this transaction"),
        ("315", "This check is closed", "its result was sent"),
        ("402", "The time is over", "the time ran out"),
        ("999", "This challenge request cannot be read", ""),
    ] {
        let page = context! {
            title => "This challenge request cannot be read", sentence => "Why.", code, detail => "acsTransID",
            erro => "{\n  \"errorCode\": 1\n}", encoded => "e30", address => "https://shop.example.test/cres",
            session_data => "c2Vz",
        };
        let answer = issuer::pages().respond("refused.html", page, &policy(None));
        let whole = http_body_util::BodyExt::collect(answer.into_body());
        let bytes = pollster::block_on(whole).expect("a page in memory").to_bytes();
        let page = Html::parse_document(&String::from_utf8_lossy(&bytes));
        assert_eq!(text(&page, "h1"), heading);
        assert!(text(&page, "table").contains(&format!("Error {code}")) && text(&page, "table").contains(meaning));
        assert_eq!(all(&page, "#handover input[name=threeDSSessionData]").len(), 1);
        assert!(text(&page, "#erro").contains("errorCode"));
    }
}

/// Relative luminance of `#rrggbb`. Source: WCAG 2.2.
fn luminance(colour: &str) -> f64 {
    let part = |from: usize| {
        let value = u8::from_str_radix(&colour[from..from + 2], 16).expect("two hexadecimal digits");
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn text_stands_out_in_the_colours_of_every_bank() {
    let css = include_str!("../../../assets/sandbox/bank.css");
    let common = css.lines().next().expect("the first line");
    let colour = |line: &str, name: &str| {
        let after = line.split(&format!("{name}: ")).nth(1).or_else(|| common.split(&format!("{name}: ")).nth(1));
        after.map(|rest| rest[..7].to_owned()).unwrap_or_else(|| panic!("{name} in {line}"))
    };
    let banks: Vec<_> = css.lines().filter(|line| line.contains("--brand: ")).collect();
    assert_eq!(banks.len(), BANKS.len());
    for line in banks {
        for (text, ground) in [
            ("#ffffff", "--brand"),
            ("#ffffff", "--deep"),
            ("--brand", "#ffffff"),
            ("--link", "#ffffff"),
            ("--link", "--tint"),
            ("--soft", "--tint"),
            ("--ink", "--tint"),
            ("--bad", "--bad-well"),
            ("#5c3b00", "#fbf0d5"),
        ] {
            let of = |name: &str| if name.starts_with('#') { name.to_owned() } else { colour(line, name) };
            let (one, other) = (luminance(&of(text)), luminance(&of(ground)));
            let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2} in {line}");
        }
    }
}

/// Every page of every bank into the folder that SESSIONS_CONSOLE_PAGES names, to be looked at.
#[test]
fn pages_can_be_looked_at() {
    let Some(folder) = std::env::var_os("SESSIONS_CONSOLE_PAGES").map(std::path::PathBuf::from) else { return };
    for bank in BANKS {
        for kind in KINDS {
            for (state, mistake) in [("", false), ("-wrong", true)] {
                let screen = Screen { bank, kind, early: mistake, trust: mistake, ..Screen::default() };
                let question = Question { mistake, ..question(screen) };
                let question = Question {
                    mistake: mistake && !matches!(kind, PageKind::OutOfBand | PageKind::Information | PageKind::Spc),
                    ..question
                };
                let purchase = Purchase { merchant: "Fern & Fable", amount_minor: Some(6540), ..purchase() };
                let name = format!("{}-{}{state}.html", Bank::of(bank).language, word(kind));
                std::fs::write(folder.join(name), html(&purchase, &question)).expect("the folder is there");
            }
        }
    }
}
