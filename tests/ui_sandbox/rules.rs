//! Whether the bank decides on exemptions by its own rules: a switch of the sandbox panel.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sessions_console::model::sandbox::SandboxAct;

use super::{acts, overview, panel, press, settle, support};

#[test]
fn the_bank_s_rules_are_one_click_away_and_the_switch_shows_what_is() {
    let mut screen = panel(&overview());
    press(&mut screen, "By its own rules");
    assert_eq!(acts(&mut screen), [SandboxAct::Exemptions("rules")]);
    let on = |screen: &super::Screen, label: &str| {
        let node = screen.get_by_role_and_label(Role::RadioButton, label).accesskit_node();
        node.toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(on(&screen, "As card and scenario say"), "the sandbox has not said otherwise yet");
    let mut ruled = overview();
    ruled["settings"] = serde_json::json!({"exemptions": "rules"});
    let screen = panel(&ruled);
    assert!(on(&screen, "By its own rules"));
}

#[test]
fn the_sandbox_does_what_the_switch_says() {
    let mut bench = support::bench();
    for word in ["rules", "off"] {
        settle(&mut bench, word, SandboxAct::Exemptions(word), |seen| {
            seen.settings.get("exemptions").is_some_and(|own| own == word)
        });
    }
}
