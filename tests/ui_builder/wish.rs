//! What the chosen challenge indicator means, beneath its row, before anything is sent.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use sessions_console::model::settings::Theme;

use super::{Window, find, type_into, window_with, workspace};

/// Types the indicator into the text of the body, and goes back to its row in the form.
fn choose(harness: &mut Harness<'static, Window>, word: &str) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    let text = format!("{{\"amount\": 1200, \"currency\": \"EUR\", \"challenge_indicator\": \"{word}\"}}");
    type_into(harness, "Body of POST /sessions", &text);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    find(harness, "challenge_indicator");
    harness.run_steps(8);
}

const CARDS: &[(&str, &str, [&str; 2])] = &[
    ("low_value", "Low value exemption", ["At most EUR 30", "The shop's, because the shop asked for it"]),
    (
        "transaction_risk_assessment",
        "Risk analysis exemption (TRA)",
        ["EUR 100, 250 or 500", "because the shop asked for it"],
    ),
    ("trusted_listing", "Trust list exemption", ["listed the shop in an earlier challenge", "the bank's own list"]),
    (
        "trusted_listing_prompt",
        "Offer of the trust list",
        ["offer to remember this shop", "once the shopper has passed"],
    ),
    (
        "secure_corporate_payment",
        "Secure corporate payment exemption",
        ["A company's card", "because the shop asked for it"],
    ),
    ("data_share", "Data share", ["it must not ask", "nobody was checked"]),
    ("challenge_requested_mandate", "Mandated challenge", ["after a soft decline", "once the shopper has passed"]),
];

#[test]
fn the_chosen_exemption_says_what_it_asks_needs_and_costs() {
    let mut harness = window_with([1280.0, 800.0], workspace());
    for (word, title, words) in CARDS {
        choose(&mut harness, word);
        assert!(harness.query_all_by_label(title).next().is_some(), "{word}");
        for said in words {
            assert!(harness.query_all_by_label_contains(said).next().is_some(), "{word}: {said}");
        }
    }
    choose(&mut harness, "no_preference");
    for (_, title, _) in CARDS {
        assert!(harness.query_by_label(title).is_none(), "{title}");
    }
}

/// Nothing leaves the panel sideways; pictures for the eye where `LOOK_AT` names a folder.
#[test]
fn the_card_stands_in_the_narrow_form_too() {
    for look in [Theme::Dark, Theme::Light] {
        for width in [1000.0, 1280.0] {
            let mut workspace = workspace();
            workspace.settings.theme = look;
            let mut harness = window_with([width, 800.0], workspace);
            choose(&mut harness, "transaction_risk_assessment");
            for said in ["At most EUR 100, 250 or 500", "Not to ask the shopper, because your acquirer"] {
                let rect = harness.get_by_label_contains(said).rect();
                assert!(rect.left() >= 0.0 && rect.right() <= width / 2.0, "{said}: {rect:?}");
            }
            if let Ok(folder) = std::env::var("LOOK_AT") {
                harness
                    .render()
                    .expect("a picture")
                    .save(format!("{folder}/wish-{width}-{look:?}.png"))
                    .expect("written");
            }
        }
    }
}
