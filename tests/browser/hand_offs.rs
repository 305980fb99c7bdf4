//! How the shop's page hands the browser over: a window, the whole tab, and a policy that
//! keeps the bank out; and a shop that is not ours.

use std::sync::{Arc, Mutex};

use axum::extract::Query;
use axum::response::Html;
use axum::routing::get;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::StepRequest;
use sessions_console::model::settings::{HandOff, Settings, ShopPolicy};
use sessions_console::serve::{self, Server};

use super::*;

/// A bench whose shop hands over this way.
pub(super) fn shop(hand_off: HandOff, shop_policy: ShopPolicy) -> Bench {
    let mut bench = bench();
    let settings = Settings { hand_off, shop_policy, ..bench.engine.workspace().settings.clone() };
    bench.engine.dispatch(Command::SaveSettings(settings));
    bench
}

#[test]
fn a_window_of_its_own_answers_and_closes_itself() {
    let mut bench = shop(HandOff::Window, ShopPolicy::Usual);
    let id = bench.start(person(plan(Completion::NonHosted)));
    let page = bench.turn_with(id, Step::Challenge).page.expect("a page to open");
    let seen = visit(async |browser| {
        browser.goto(&page).await.expect("the page opens");
        let ours = browser.window().await.expect("our window");
        find(&browser, "#open").await.click().await.expect("a click");
        let windows = browser.windows().await.expect("windows");
        let bank = windows.into_iter().find(|window| *window != ours).expect("a second window");
        browser.switch_to_window(bank).await.expect("the bank's window");
        find(&browser, "form#form").await;
        answer(&browser, "Checkout1!").await;
        block_in_place(|| bench.end_meanwhile(id));
        browser.switch_to_window(ours).await.expect("our window again");
        says(&browser, "Approved").await;
        // It told the shop's page and went.
        for _ in 0..100 {
            if browser.windows().await.expect("windows").len() == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the bank's window stays open");
    });
    if seen.is_some() {
        assert_eq!(status(bench.run(id)), "approved");
    }
}

#[test]
fn the_whole_tab_goes_to_the_bank_and_comes_back() {
    for (cancel, expected, words) in [(false, "approved", "Approved"), (true, "challenge_abandoned", "walked away")] {
        let mut bench = shop(HandOff::Page, ShopPolicy::Usual);
        let id = bench.start(person(plan(Completion::NonHosted)));
        let page = bench.turn_with(id, Step::Challenge).page.expect("a page to open");
        let seen = visit(async |browser| {
            browser.goto(&page).await.expect("the page opens");
            find(&browser, "form#form").await;
            assert_eq!(browser.windows().await.expect("windows").len(), 1);
            if cancel {
                // Whoever opens the shop again is not sent away again, and finds the way by a button.
                browser.goto(&page).await.expect("the page opens");
                find(&browser, "#open").await.click().await.expect("a click");
                find(&browser, "#cancelButton").await.click().await.expect("a click");
            } else {
                answer(&browser, "Checkout1!").await;
            }
            block_in_place(|| bench.end_meanwhile(id));
            says(&browser, words).await;
            let at = browser.current_url().await.expect("an address");
            assert_eq!(at.as_str(), page);
        });
        if seen.is_none() {
            return;
        }
        assert_eq!(status(bench.run(id)), expected);
    }
}

#[test]
fn a_strict_policy_keeps_the_bank_out_and_the_page_says_why() {
    for hand_off in [HandOff::Frame, HandOff::Window, HandOff::Page] {
        let mut bench = shop(hand_off, ShopPolicy::Strict);
        let id = bench.start(person(plan(Completion::NonHosted)));
        let page = bench.turn_with(id, Step::Challenge).page.expect("a page to open");
        let seen = visit(async |browser| {
            browser.goto(&page).await.expect("the page opens");
            if hand_off == HandOff::Window {
                find(&browser, "#open").await.click().await.expect("a click");
            }
            says(&browser, "The shop kept your bank out").await;
            says(&browser, "Blocked by f").await;
            assert!(browser.find(By::Css("dialog[open]")).await.is_err(), "an empty frame stands in the way");
        });
        if seen.is_none() {
            return;
        }
        assert!(!lines(bench.run(id)).iter().any(|line| line.starts_with("Challenge notification")));
    }
}

/// A shop of somebody else: one page that frames the bank at the size it is asked for.
pub(super) struct OtherShop {
    _server: Server,
    address: String,
    challenge: Arc<Mutex<Option<StepRequest>>>,
}

impl OtherShop {
    pub(super) async fn open() -> Self {
        let challenge = Arc::new(Mutex::new(None::<StepRequest>));
        let shared = Arc::clone(&challenge);
        let page = move |Query(size): Query<Vec<(String, String)>>| async move {
            let of = |name: &str| size.iter().find(|(key, _)| key == name).map_or("600", |(_, value)| value.as_str());
            let request = shared.lock().expect("no panic").clone().expect("a challenge");
            let fields: String = url::form_urlencoded::parse(request.body.as_bytes())
                .map(|(name, value)| format!("<input type=hidden name='{name}' value='{value}'>"))
                .collect();
            Html(format!(
                "<!doctype html><body style='margin:0'><form id=go method=post target=bank action='{}'>{fields}</form>\
                 <iframe name=bank id=bank width={} height={} style='border:0' \
                 sandbox='allow-forms allow-scripts allow-same-origin'></iframe><script>go.submit()</script>",
                request.url,
                of("width"),
                of("height"),
            ))
        };
        let router = axum::Router::new().route("/", get(page));
        let server = Server::start(serve::Config::new("other shop", 0), router).await.expect("a free port");
        Self { address: format!("http://{}/", server.addr), _server: server, challenge }
    }

    pub(super) async fn show(&self, browser: &WebDriver, request: &StepRequest, (width, height): (u16, u16)) {
        *self.challenge.lock().expect("no panic") = Some(request.clone());
        browser.goto(&format!("{}?width={width}&height={height}", self.address)).await.expect("the shop opens");
        enter_bank(browser, "#bank").await;
    }
}

#[test]
fn a_shop_at_another_port_frames_our_challenge_and_the_keyboard_is_enough() {
    let mut bench = bench();
    let id = bench.start(person(plan(Completion::NonHosted)));
    let request = bench.turn_with(id, Step::Challenge).request;
    let seen = visit(async |browser| {
        let other = OtherShop::open().await;
        other.show(&browser, &request, (390, 400)).await;
        let mut path = Vec::new();
        for _ in 0..12 {
            let focused = browser.execute("return document.activeElement.id", vec![]).await.expect("an element");
            path.push(focused.json().as_str().unwrap_or_default().to_owned());
            if path.last().is_some_and(|id| id == "password") {
                break;
            }
            browser.action_chain().send_keys(Key::Tab).perform().await.expect("a key");
        }
        assert_eq!(path.last().map(String::as_str), Some("password"), "{path:?}");
        browser.action_chain().send_keys("Checkout1!").send_keys(Key::Enter).perform().await.expect("keys");
        block_in_place(|| bench.end_meanwhile(id));
    });
    if seen.is_some() {
        assert_eq!(status(bench.run(id)), "approved");
    }
}
