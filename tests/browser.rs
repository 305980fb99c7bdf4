//! A real browser, clicked as a cardholder would. Skipped with a clear line where
//! chromedriver is not installed, unless SESSIONS_CONSOLE_BROWSER_TESTS=required.

mod support;

#[path = "browser/hand_offs.rs"]
mod hand_offs;
#[path = "browser/kinds.rs"]
mod kinds;
#[path = "browser/scenarios.rs"]
mod scenarios;
#[path = "browser/spc.rs"]
mod spc;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use sessions_console::bus::Command;
use sessions_console::model::api::Session;
use sessions_console::model::draft::Completion;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Plan, Return, Shopper, What};
use sessions_console::model::settings::Pace;
use support::{Bench, bench, lines, plan, plan_with_card, status};
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;
use tokio::task::block_in_place;

struct Driver {
    process: Child,
    address: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A chromedriver on a free port; `None`, said aloud, where there is none.
fn chromedriver() -> Option<Driver> {
    let started = Process::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut process = match started {
        Ok(process) => process,
        Err(error) => {
            let required = std::env::var("SESSIONS_CONSOLE_BROWSER_TESTS").is_ok_and(|value| value == "required");
            assert!(!required, "chromedriver does not start: {error}");
            println!("SKIPPED: chromedriver does not start ({error}); install chromium and chromium-driver");
            return None;
        }
    };
    let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let digits = line.split("started successfully on port ").nth(1)?;
        digits.trim_end_matches('.').parse::<u16>().ok()
    });
    let address = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
    Some(Driver { process, address })
}

/// Whether pages may run their scripts.
#[derive(Clone, Copy, PartialEq)]
enum Scripts {
    Run,
    Blocked,
}

async fn chromium(driver: &Driver, scripts: Scripts) -> WebDriver {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut caps = DesiredCapabilities::chrome();
    for flag in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--window-size=1100,900",
    ] {
        caps.add_arg(flag).expect("a flag");
    }
    if scripts == Scripts::Blocked {
        let prefs = serde_json::json!({ "profile.managed_default_content_settings.javascript": 2 });
        caps.add_experimental_option("prefs", prefs).expect("a preference");
    }
    WebDriver::new(&driver.address, caps).await.expect("a browser")
}

/// Runs one browser visit; the engine is pumped meanwhile on its own thread by `wait`.
fn visit<T>(act: impl AsyncFnOnce(WebDriver) -> T) -> Option<T> {
    visit_as(Scripts::Run, act)
}

fn visit_as<T>(scripts: Scripts, act: impl AsyncFnOnce(WebDriver) -> T) -> Option<T> {
    let driver = chromedriver()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    Some(runtime.block_on(async {
        let browser = chromium(&driver, scripts).await;
        let result = act(browser.clone()).await;
        browser.quit().await.expect("the browser ends");
        result
    }))
}

async fn find(browser: &WebDriver, css: &str) -> WebElement {
    seek(browser, By::Css(css), css).await
}

async fn says(browser: &WebDriver, words: &str) {
    let path = format!("//body//*[contains(normalize-space(.), \"{words}\")]");
    seek(browser, By::XPath(path), words).await;
}

/// Waits for an element that is to be seen, while the page may make way for another.
async fn seek(browser: &WebDriver, by: By, what: &str) -> WebElement {
    let (limit, start) = (Duration::from_secs(20), Instant::now());
    loop {
        let query = browser.query(by.clone()).wait(limit, Duration::from_millis(50)).and_displayed();
        match query.first().await {
            Ok(element) => return element,
            Err(error) if is_stale(&error) && start.elapsed() < limit => (),
            Err(error) => panic!("{what}: {error}\n{}", browser.source().await.unwrap_or_default()),
        }
    }
}

fn is_stale(error: &WebDriverError) -> bool {
    matches!(error.as_inner(), WebDriverErrorInner::StaleElementReference(_))
}

/// Into the frame in which the bank asks.
async fn enter_bank(browser: &WebDriver, frame: &str) {
    let frame = find(browser, frame).await;
    frame.enter_frame().await.expect("a frame");
    find(browser, "form#form").await;
}

async fn answer(browser: &WebDriver, password: &str) {
    let field = find(browser, "#password").await;
    field.send_keys(password).await.expect("typing");
    find(browser, "#txtButton").await.click().await.expect("a click");
}

fn person(plan: Plan) -> Plan {
    Plan { shopper: Shopper::Person, ..plan }
}

/// What the console's last GET said, to compare with the outcome on the screen.
fn last_read(bench: &Bench, id: sessions_console::model::RunId) -> Session {
    let run = bench.run(id);
    let read = run.entries.iter().rev().find_map(|entry| match &entry.what {
        What::Exchange(exchange) if exchange.step == Step::Confirm => Session::read(&exchange.response()?.body),
        _ => None,
    });
    read.unwrap_or_else(|| panic!("no GET\n{}", lines(run).join("\n")))
}

#[derive(Clone, Copy)]
enum Answering {
    Right,
    WrongThrice,
    Cancel,
}

#[test]
fn a_persons_clicks_alone_finish_a_challenge() {
    for (answering, expected, words) in [
        (Answering::Right, "approved", "Approved"),
        (Answering::WrongThrice, "declined", "Declined"),
        (Answering::Cancel, "challenge_abandoned", "walked away"),
    ] {
        let mut bench = bench();
        let id = bench.start(person(plan(Completion::NonHosted)));
        let page = bench.turn_with(id, Step::Challenge).page.expect("a page to open");
        let seen = visit(async |browser| {
            browser.goto(&page).await.expect("the page opens");
            enter_bank(&browser, "dialog#challenge iframe").await;
            match answering {
                Answering::Right => answer(&browser, "Checkout1!").await,
                Answering::WrongThrice => {
                    for left in ["2 tries left", "1 try left"] {
                        answer(&browser, "wrong").await;
                        says(&browser, left).await;
                    }
                    answer(&browser, "wrong").await;
                }
                Answering::Cancel => find(&browser, "#cancelButton").await.click().await.expect("a click"),
            }
            block_in_place(|| bench.end_meanwhile(id));
            browser.enter_default_frame().await.expect("the page");
            says(&browser, words).await;
        });
        if seen.is_none() {
            return;
        }
        assert_eq!(status(bench.run(id)), expected);
        assert_eq!(last_read(&bench, id).status.word(), expected);
        assert!(bench.run(id).progress.callbacks == 1);
        let asked = lines(bench.run(id)).iter().filter(|line| line.starts_with("CReq")).count();
        assert_eq!(asked, 1, "opening the page made it ask twice");
    }
}

#[test]
fn a_hosted_session_is_finished_by_clicks_alone() {
    for (card, expected, returned) in
        [("4242424242424242", "approved", Return::Success), ("4539628347117863", "declined", Return::Failure)]
    {
        let mut bench = bench();
        let id = bench.start(person(plan_with_card(Completion::Hosted, card)));
        let page = bench.turn_with(id, Step::Redirect).page.expect("a page to open");
        let seen = visit(async |browser| {
            browser.goto(&page).await.expect("the page opens");
            if card.starts_with("4242") {
                enter_bank(&browser, "iframe[name=cko-3ds2-iframe]").await;
                answer(&browser, "Checkout1!").await;
            }
            block_in_place(|| bench.end_meanwhile(id));
        });
        if seen.is_none() {
            return;
        }
        let run = bench.run(id);
        assert_eq!((status(run), run.progress.returned_to), (expected, Some(returned)), "{}", lines(run).join("\n"));
        assert_eq!(last_read(&bench, id).status.word(), expected);
    }
}

#[test]
fn a_real_browser_runs_the_method_and_says_what_it_is() {
    let mut bench = bench();
    let manual = Plan { pace: Pace::Manual, ..plan(Completion::NonHosted) };
    let id = bench.start(manual);
    let create = bench.turn_with(id, Step::Create).request;
    bench.engine.dispatch(Command::Send(id, create));
    let page = bench.turn_with(id, Step::Method).page.expect("a page to open");
    let seen = visit(async |browser| {
        browser.goto(&page).await.expect("the page opens");
        // The hidden frame reports by itself; then the page says what browser it runs in.
        let collect = block_in_place(|| {
            bench.until("real browser data", |w| {
                matches!(&w.runs[&id].phase, sessions_console::model::run::Phase::Waiting(turn)
                    if turn.request.step == Step::Collect && turn.request.body.contains("HeadlessChrome"))
            });
            bench.turn_with(id, Step::Collect).request
        });
        assert!(collect.body.contains("\"three_ds_method_completion\": \"Y\""), "{}", collect.body);
        // The bank is on a site of its own, and has seen more than the shop declares.
        let seen = block_in_place(|| kinds::control(&bench, "GET", "/sessions", &serde_json::Value::Null));
        let facts = &seen["sessions"][0]["method_facts"];
        for (name, part) in
            [("thirdPartyCookie", "third party: "), ("webgl", ""), ("timezoneName", ""), ("languages", "en")]
        {
            assert!(facts[name].as_str().is_some_and(|fact| fact.contains(part)), "{name} in {facts}");
        }
        bench.engine.dispatch(Command::Send(id, collect));
        block_in_place(|| bench.turn_with(id, Step::Challenge));
        enter_bank(&browser, "dialog#challenge iframe").await;
        answer(&browser, "Checkout1!").await;
        block_in_place(|| bench.turn_with(id, Step::Confirm));
    });
    if seen.is_some() {
        assert!(lines(bench.run(id)).iter().any(|line| line.starts_with("Challenge notification")));
    }
}

/// Source: sessions-api.md 7.3.
fn legacy(completion: Completion, card: &str) -> Plan {
    let plan = plan_with_card(completion, card);
    Plan { body: plan.body.replace("\"amount\": 6540", "\"amount\": 123321"), ..plan }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Frame,
    Window,
}

#[test]
fn three_ds_1_is_finished_by_clicks_alone_in_a_frame_and_in_a_window() {
    for (place, card, expected, words) in [
        (Place::Frame, "4242424242424242", "approved", "Approved with 3-D Secure 1"),
        (Place::Frame, "4929640381570541", "declined", "Declined with 3-D Secure 1"),
        (Place::Window, "4242424242424242", "approved", "Approved with 3-D Secure 1"),
    ] {
        let mut bench = bench();
        let id = bench.start(person(legacy(Completion::NonHosted, card)));
        let page = bench.turn_with(id, Step::Authenticate).page.expect("a page to open");
        let seen = visit(async |browser| {
            browser.goto(&page).await.expect("the page opens");
            let shop = browser.window().await.expect("our window");
            if place == Place::Window {
                find(&browser, "#apart").await.click().await.expect("a click");
                let windows = browser.windows().await.expect("windows");
                let apart = windows.into_iter().find(|window| *window != shop).expect("a second window");
                browser.switch_to_window(apart).await.expect("the bank's window");
                find(&browser, "form#form").await;
            } else {
                enter_bank(&browser, "dialog#challenge iframe").await;
            }
            answer(&browser, "Checkout1!").await;
            // The page at TermUrl tells ours; nobody presses anything else.
            block_in_place(|| bench.end_meanwhile(id));
            browser.switch_to_window(shop).await.expect("our window again");
            browser.enter_default_frame().await.expect("the page");
            says(&browser, words).await;
        });
        if seen.is_none() {
            return;
        }
        assert_eq!((status(bench.run(id)), bench.run(id).progress.callbacks), (expected, 1));
        assert_eq!(last_read(&bench, id).text("/protocol_version"), Some("1.0.2"));
    }
}

#[test]
fn hosted_three_ds_1_comes_back_to_the_shop() {
    let mut bench = bench();
    let id = bench.start(person(legacy(Completion::Hosted, "4242424242424242")));
    let page = bench.turn_with(id, Step::Redirect).page.expect("a page to open");
    let seen = visit(async |browser| {
        browser.goto(&page).await.expect("the page opens");
        // In a frame of the hosted page, or in its place.
        if browser.query(By::Css("form#form")).nowait().exists().await.is_ok_and(|there| !there) {
            enter_bank(&browser, "iframe[name=cko-3ds2-iframe]").await;
        }
        answer(&browser, "Checkout1!").await;
        block_in_place(|| bench.end_meanwhile(id));
    });
    if seen.is_none() {
        return;
    }
    let run = bench.run(id);
    assert_eq!(
        (status(run), run.progress.returned_to),
        ("approved", Some(Return::Success)),
        "{}",
        lines(run).join("\n")
    );
}
