//! Every kind of page in every bank, at every size that the protocol knows, passed by clicks.

use sessions_console::listener::WindowSize;
use sessions_console::model::RunId;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::StepRequest;

use super::hand_offs::OtherShop;
use super::*;

const KINDS: [&str; 6] = ["otp", "single_select", "multi_select", "out_of_band", "html", "information"];

/// Arms a page of a bank for the next session. A single select leads to a password.
fn arm(bench: &Bench, bank: &str, kind: &str, more: &str) {
    let pages = if kind == "single_select" { "\"single_select\", \"otp\"" } else { &format!("\"{kind}\"") };
    let file = format!(
        "id = \"BROWSER\"\nname = \"a page in a browser\"\n[issuer]\nares = {{ transStatus = \"C\" }}\n\
         [issuer.challenge]\npages = [{pages}]\nbank = \"{bank}\"\n{more}\n[expect]\nstatus = \"approved\"\n"
    );
    control(bench, "PUT", "/arm", &serde_json::json!({ "file": file }));
}

/// One request to a control route of the bench's sandbox.
pub(super) fn control(bench: &Bench, method: &str, route: &str, body: &serde_json::Value) -> serde_json::Value {
    use std::io::{Read as _, Write as _};
    let sandbox = bench.engine.sandbox().expect("an embedded sandbox");
    let (addr, body) = (sandbox.addr(), body.to_string());
    let head = format!(
        "{method} /_sandbox{route} HTTP/1.1\r\nHost: {addr}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        sandbox.control_token().expose(),
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(addr).expect("the sandbox listens");
    stream.write_all(head.as_bytes()).expect("the sandbox reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the sandbox answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 2"), "{answer}");
    serde_json::from_str(body).unwrap_or_default()
}

/// The shopper says yes in the bank's app.
fn approve(bench: &Bench) {
    let list = control(bench, "GET", "/sessions", &serde_json::Value::Null);
    let session = list["sessions"][0]["id"].as_str().expect("a session").to_owned();
    control(bench, "POST", &format!("/sessions/{session}/phone"), &serde_json::json!({ "decision": "approve" }));
}

/// What a person does on the page that is open, until the bank is content.
async fn pass(browser: &WebDriver, bench: &Bench, kind: &str, scripts: Scripts) {
    let click = async |css: &str| find(browser, css).await.click().await.expect("a click");
    match kind {
        "otp" => answer(browser, "Checkout1!").await,
        "single_select" => {
            click("input[name=choice][value=email]").await;
            click("#txtButton").await;
            says(browser, "j•••@example.com").await;
            answer(browser, "Checkout1!").await;
        }
        "multi_select" => {
            click("input[name=choices][value=bakery]").await;
            click("input[name=choices][value=garage]").await;
            click("#txtButton").await;
        }
        "out_of_band" => {
            click("#txtButton").await;
            find(browser, "#early[role=alert]").await;
            approve(bench);
            // With scripts the page goes on by itself.
            if scripts == Scripts::Blocked {
                click("#txtButton").await;
            }
        }
        "html" => {
            click("#agree").await;
            click("#txtButton").await;
        }
        _ => click("#txtButton").await,
    }
}

/// Nothing sticks out of the frame, and both buttons are inside of it.
async fn fits(browser: &WebDriver, what: &str) {
    let script = "const box = id => document.getElementById(id).getBoundingClientRect();
        const inside = id => box(id).left >= 0 && box(id).right <= innerWidth && box(id).bottom <= innerHeight + 1;
        const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
            || e.getBoundingClientRect().left < -1).map(e => e.tagName + '#' + e.id);
        return { wide, scroll: document.documentElement.scrollWidth - innerWidth,
                 buttons: inside('txtButton') && inside('cancelButton') };";
    let seen = browser.execute(script, vec![]).await.expect("a script");
    let seen = seen.json();
    assert_eq!(seen, &serde_json::json!({ "wide": [], "scroll": 0, "buttons": true }), "{what}");
}

/// A run for each kind of page that stands where the shopper must act. Engines start outside
/// of the browser's runtime, and end there.
fn runs(bank: &str, completion: Completion, step: Step) -> Vec<(&'static str, Bench, RunId, StepRequest)> {
    let run = |kind| {
        let mut bench = bench();
        arm(&bench, bank, kind, "");
        let id = bench.start(person(plan(completion)));
        let request = bench.turn_with(id, step).request;
        (kind, bench, id, request)
    };
    KINDS.map(run).into()
}

fn every_kind(bank: &str, language: &str, direction: &str) {
    let mut runs = runs(bank, Completion::NonHosted, Step::Challenge);
    visit(async |browser| {
        let other = OtherShop::open().await;
        for (kind, bench, id, request) in &mut runs {
            for size in [WindowSize::W250, WindowSize::W390, WindowSize::W500, WindowSize::W600, WindowSize::Full] {
                let size = size.pixels().unwrap_or((1080, 700));
                other.show(&browser, request, size).await;
                fits(&browser, &format!("{bank} {kind} {size:?}")).await;
                if size.1 >= 600 {
                    let script = "const sheet = document.querySelector('.sheet'); return sheet.scrollHeight - sheet.clientHeight";
                    let hidden = browser.execute(script, vec![]).await.expect("a script");
                    assert_eq!(hidden.json(), 0, "{bank} {kind} {size:?} scrolls");
                }
            }
            let root = find(&browser, "html").await;
            assert_eq!(root.attr("lang").await.expect("an attribute").as_deref(), Some(language));
            let way = browser.execute("return document.dir", vec![]).await.expect("a script");
            assert_eq!(way.json(), direction);
            pass(&browser, bench, kind, Scripts::Run).await;
            block_in_place(|| bench.end_meanwhile(*id));
            assert_eq!(status(bench.run(*id)), "approved", "{kind}\n{}", lines(bench.run(*id)).join("\n"));
        }
    });
}

#[test]
fn every_kind_of_page_is_passed_in_english() {
    every_kind("larkfield", "en", "ltr");
}

#[test]
fn every_kind_of_page_is_passed_in_german() {
    every_kind("auental", "de", "ltr");
}

#[test]
fn every_kind_of_page_is_passed_in_french() {
    every_kind("deux_rives", "fr", "ltr");
}

#[test]
fn every_kind_of_page_is_passed_in_arabic_from_right_to_left() {
    every_kind("palm_gate", "ar", "rtl");
}

/// A hosted session, since the shop's own page needs scripts and the hosted one does not.
#[test]
fn every_kind_of_page_is_passed_without_javascript() {
    let mut runs = runs("larkfield", Completion::Hosted, Step::Redirect);
    visit_as(Scripts::Blocked, async |browser| {
        for (kind, bench, id, request) in &mut runs {
            browser.goto(&request.url).await.expect("the hosted page opens");
            find(&browser, "#device button").await.click().await.expect("a click");
            find(&browser, "#challenge button").await.click().await.expect("a click");
            enter_bank(&browser, "iframe[name=cko-3ds2-iframe]").await;
            pass(&browser, bench, kind, Scripts::Blocked).await;
            find(&browser, "#handover button").await.click().await.expect("a click");
            says(&browser, "Your bank has finished").await;
            browser.enter_default_frame().await.expect("the page");
            find(&browser, "main noscript a#next").await.click().await.expect("a click");
            block_in_place(|| bench.end_meanwhile(*id));
            let run = bench.run(*id);
            let seen = (status(run), run.progress.returned_to);
            assert_eq!(seen, ("approved", Some(Return::Success)), "{kind}\n{}", lines(run).join("\n"));
        }
    });
}

#[test]
fn a_bank_that_refuses_frames_is_answered_in_a_window() {
    let mut bench = bench();
    arm(&bench, "larkfield", "otp", "frames = \"refused\"\ntrust_prompt = true");
    let id = bench.start(person(plan(Completion::NonHosted)));
    let page = bench.turn_with(id, Step::Challenge).page.expect("a page to open");
    let seen = visit(async |browser| {
        browser.goto(&page).await.expect("the page opens");
        let ours = browser.window().await.expect("our window");
        find(&browser, "dialog#challenge iframe").await.enter_frame().await.expect("a frame");
        assert!(browser.find(By::Css("form#form")).await.is_err(), "the bank stands in a frame all the same");
        browser.enter_default_frame().await.expect("the page");
        find(&browser, "#apart").await.click().await.expect("a click");
        let windows = browser.windows().await.expect("windows");
        let bank = windows.into_iter().find(|window| *window != ours).expect("a second window");
        browser.switch_to_window(bank).await.expect("the bank's window");
        find(&browser, "input[name=trust][value=Y]").await.click().await.expect("a click");
        answer(&browser, "Checkout1!").await;
        block_in_place(|| bench.end_meanwhile(id));
        browser.switch_to_window(ours).await.expect("our window again");
        says(&browser, "Approved").await;
    });
    if seen.is_some() {
        assert_eq!(status(bench.run(id)), "approved");
    }
}
