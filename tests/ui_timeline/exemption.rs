//! The cards below a result: what became of an exemption, and what the bank was given.

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use serde_json::{Value, json};
use sessions_console::model::draft::Body;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Phase, Run};
use sessions_console::model::scheme::SchemeMessage;
use sessions_console::model::{Lane, SessionId};
use sessions_console::ui::link::Link;
use sessions_console::ui::timeline;

use super::session::{self, Call};
use super::{App, ONE, Window, click_any, sized};

/// A run that ended with this answer; `first` was sent before the session was created.
fn run(status: &str, more: Value, ares: Option<Value>, first: Option<Value>) -> Run {
    let mut run = Run::new(ONE, session::plan(), session::at(0));
    let lanes = (Lane::Merchant, Lane::Sessions);
    if let Some(answer) = first {
        let (step, line) = (Step::Authorise, "POST /payments");
        run.exchanged(session::exchange(&Call { at: 5, took: 9, lanes, step, line, body: b"{}", status: 201, answer }));
    }
    let body = session::plan().body;
    let created = session::session(status, &[], more);
    let line = "POST /sessions";
    let create = Call {
        at: 18,
        took: 41,
        lanes,
        step: Step::Create,
        line,
        body: body.as_bytes(),
        status: 201,
        answer: created.clone(),
    };
    run.exchanged(session::exchange(&create));
    if let Some(ares) = ares {
        run.scheme_message_seen(SchemeMessage {
            session: SessionId(session::SID.into()),
            kind: "ARes",
            from: Lane::Issuer,
            to: Lane::Sessions,
            at: session::at(40),
            took: std::time::Duration::ZERO,
            gist: "transStatus".into(),
            body: ares.to_string().into(),
        });
    }
    let line = format!("GET /sessions/{}", session::SID);
    let read =
        Call { at: 90, took: 8, lanes, step: Step::Confirm, line: &line, body: b"", status: 200, answer: created };
    run.exchanged(session::exchange(&read));
    run.ended(Phase::Ended, session::at(100));
    run
}

fn shown<'a>(run: Run, size: [f32; 2], look: egui::Theme) -> Window<'a> {
    sized(App::new(vec![run], 200), size, look)
}

const WIDE: [f32; 2] = [1064.0, 844.0];

fn said(window: &Window, words: &[&str]) {
    for word in words {
        assert!(window.query_all_by_label_contains(word).next().is_some(), "{word} is not said");
    }
}

fn granted() -> Value {
    json!({
        "status_reason": "ares_status", "approved": true, "challenged": false, "response_code": "I", "eci": "07",
        "challenge_indicator": "low_value", "exemption": {"requested": "low_value", "applied": "low_value"},
    })
}

#[test]
fn a_granted_exemption_says_who_asked_who_agreed_and_who_pays() {
    let window = shown(run("approved", granted(), None, None), WIDE, egui::Theme::Dark);
    said(
        &window,
        &[
            "Exemption granted: low value",
            "Low value exemption",
            "Not to ask the shopper, because the amount is small",
            "The shop's acquirer asked, and the bank agreed",
            "Stays with the shop: who asks for an exemption answers for fraud",
            "07 at Visa: not authenticated; Mastercard says 06",
        ],
    );
}

#[test]
fn a_refusal_says_why_where_the_bank_says_so() {
    let more = json!({
        "status_reason": "rreq_status", "approved": true, "challenged": true, "response_code": "Y", "eci": "05",
        "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "challenge_indicator": "no_challenge_requested",
        "exemption": {"requested": "low_value", "applied": "none"},
    });
    let why = "too many payments of low value since the last authentication";
    let ares = json!({"transStatus": "C", "messageExtension": [
        {"name": "Bridging", "id": "A000000802-004", "data": {"version": "2.0", "addData": {"transChallengeExemption": "79"}}},
        {"name": "Sandbox scheme", "id": "A000000003-SBX", "data": {"exemptionReason": why}},
    ]});
    let window = shown(run("approved", more, Some(ares), None), WIDE, egui::Theme::Dark);
    said(
        &window,
        &[
            "Exemption not granted: low value",
            "No exemption: the shopper was asked",
            "Too many payments of low value since the last authentication",
            "To the issuer: the shopper was authenticated",
        ],
    );
}

#[test]
fn other_ends_have_words_of_their_own() {
    let yes = |more: Value| {
        let mut all = json!({
            "status_reason": "ares_status", "approved": true, "challenged": false, "response_code": "Y", "eci": "05",
            "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        all
    };
    let trust = |status: &str| json!({"status": status, "source": "03"});
    for (status, more, first, words) in [
        (
            "approved",
            yes(json!({"exemption": {"applied": "transaction_risk_assessment"}})),
            None,
            [
                "The bank applied an exemption: risk analysis",
                "Nothing: the shop left it to the bank",
                "To the issuer: the bank chose not to ask",
            ],
        ),
        (
            "approved",
            yes(
                json!({"exemption": {"requested": "trusted_listing", "applied": "trusted_listing", "trusted_beneficiary": trust("Y")}}),
            ),
            None,
            ["Exemption granted: trust list", "The bank, from its customer's own list", "from an earlier challenge"],
        ),
        (
            "approved",
            yes(
                json!({"challenged": true, "exemption": {"requested": "trusted_listing_prompt", "applied": "none", "trusted_beneficiary": trust("Y")}}),
            ),
            None,
            ["The shop is on the trust list now", "The shopper listed the shop in this challenge", "Said by the bank"],
        ),
        (
            "approved",
            yes(
                json!({"challenged": true, "exemption": {"requested": "trusted_listing_prompt", "applied": "none", "trusted_beneficiary": trust("R")}}),
            ),
            None,
            [
                "The shop is not on the trust list",
                "was offered to list the shop and said no",
                "the shopper was authenticated",
            ],
        ),
        (
            "approved",
            json!({"response_code": "I", "eci": "04", "scheme": "mastercard", "challenge_indicator": "data_share", "status_reason": "ares_status"}),
            None,
            [
                "Data shared, nothing checked",
                "The scheme's rule for shared data",
                "04 at Mastercard: data only, not authenticated; Visa says 07",
            ],
        ),
        (
            "approved",
            json!({"response_code": "I", "eci": "06", "scheme": "mastercard", "status_reason": "ares_status", "flow_type": "frictionless_delegated",
                "exemption": {"requested": "sca_delegation", "applied": "sca_delegation"}}),
            None,
            [
                "The shop's own authentication was accepted",
                "by its agreement with the shop and the scheme",
                "06 at Mastercard: exempt, not authenticated; Visa says 07",
            ],
        ),
        (
            "unavailable",
            json!({"status_reason": "ares_error", "eci": "07", "exemption": {"applied": "3ds_outage"}}),
            None,
            ["3-D Secure was down: outage exemption", "nobody could be asked", "the payment goes on without proof"],
        ),
        (
            "approved",
            yes(json!({"challenged": true})),
            Some(json!({"approved": false, "response_code": "20154"})),
            ["Step-up after a soft decline", "declined with 20154", "as the bank itself demanded"],
        ),
    ] {
        let window = shown(run(status, more, None, first), WIDE, egui::Theme::Light);
        said(&window, &words);
    }
    let plain = shown(run("approved", yes(json!({})), None, None), WIDE, egui::Theme::Dark);
    assert!(plain.query_by_label_contains("xemption").is_none(), "nothing to tell where nobody asked");
}

/// What the bank was given is weighed from what was sent; what is missing leads to its field.
#[test]
fn the_bank_was_given_so_much_and_what_is_missing_leads_to_its_field() {
    let mut window = shown(run("approved", granted(), None, None), WIDE, egui::Theme::Dark);
    window.get_by_role_and_label(Role::DisclosureTriangle, "What the bank was given");
    assert!(window.query_by_label("Add Account age").is_none());
    click_any(&mut window, "What the bank was given");
    said(&window, &["Each would have made an answer without a challenge likelier"]);
    click_any(&mut window, "Add Account age");
    let links = window.state_mut().timeline.take_links();
    assert_eq!(links, [Link::Field(Body::Session, "/account_info/account_age".into())]);
    // By keyboard.
    window.get_by_label("What the bank was given").focus();
    window.run_steps(2);
    window.key_press(egui::Key::Enter);
    window.run_steps(3);
    assert!(window.query_by_label("Add Account age").is_none());
}

/// Nothing sideways, nothing cut off; pictures for the eye where `LOOK_AT` names a folder.
#[test]
fn the_cards_stand_in_every_width_and_look() {
    let why = json!({"transStatus": "C", "messageExtension": [
        {"id": "A000000003-SBX", "data": {"exemptionReason": "payments of low value since the last authentication come to too much"}}]});
    let refused = json!({
        "status_reason": "rreq_status", "approved": true, "challenged": true, "response_code": "Y", "eci": "05",
        "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "challenge_indicator": "trusted_listing_prompt",
        "exemption": {"requested": "trusted_listing", "applied": "none", "trusted_beneficiary": {"status": "N", "source": "03"}},
    });
    for (name, width) in [("narrow", 592.0), ("wide", 1000.0)] {
        for look in [egui::Theme::Dark, egui::Theme::Light] {
            for (what, run) in [
                ("granted", run("approved", granted(), None, None)),
                ("refused", run("approved", refused.clone(), Some(why.clone()), None)),
            ] {
                let mut app = App::new(vec![run], 200);
                app.timeline = timeline::Panel::default();
                let mut window = alone(app, [width, 844.0], look);
                if what == "granted" {
                    click_any(&mut window, "What the bank was given");
                }
                for node in window.get_all_by_role(Role::Label) {
                    let rect = node.rect();
                    assert!(rect.left() >= 0.0 && rect.right() <= width + 0.5, "{name} {what}: {node:?} {rect:?}");
                }
                if let Ok(folder) = std::env::var("LOOK_AT") {
                    let picture = window.render().expect("a picture");
                    picture.save(format!("{folder}/exemption-{what}-{name}-{look:?}.png")).expect("written");
                }
            }
        }
    }
}

/// The timeline alone.
fn alone<'a>(app: App, size: [f32; 2], look: egui::Theme) -> Window<'a> {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        let whole = ui.ctx().content_rect();
        let mut room = ui.new_child(egui::UiBuilder::new().max_rect(whole));
        room.set_clip_rect(whole);
        room.painter().rect_filled(whole, 0.0, sessions_console::ui::theme::Tokens::of(ui).bg1);
        app.timeline.ui(&mut room, &app.workspace, app.now, &mut app.commands);
    };
    let builder = egui_kittest::Harness::builder().with_size(size).with_theme(look);
    let builder = builder.with_context_setup(sessions_console::ui::theme::install);
    let mut harness = builder.renderer(super::render::CpuRenderer::default()).build_ui_state(draw, app);
    harness.run_steps(4);
    harness
}
