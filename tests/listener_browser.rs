//! The shop's pages in a real browser: fingerprint, browser data, challenge, result.
#![allow(missing_docs)]

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::RawForm;
use axum::response::Html;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sessions_console::bus::EventSink;
use sessions_console::listener::{Config, HandOff, Listener, PageState, ShopPolicy, Signal, Visit, WindowSize};
use sessions_console::model::RunId;
use sessions_console::serve::{self, Server};
use sessions_console::store::Store;

const DEADLINE: Duration = Duration::from_secs(40);

/// Ended by its id when the test is over, however that comes.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        self.0.kill().ok(); // it may have ended by itself
        self.0.wait().ok();
    }
}

/// False, said aloud, where there is no Chromium and nobody insists on one.
fn has_chromium() -> bool {
    let found = Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let required = std::env::var("SESSIONS_CONSOLE_BROWSER_TESTS").is_ok_and(|value| value == "required");
    assert!(found.is_ok() || !required, "chromium does not start: {found:?}");
    if found.is_err() {
        println!("SKIPPED: chromium does not start; install it to run this test");
    }
    found.is_ok()
}

fn open(url: &str, profile: &std::path::Path) -> Browser {
    let child = Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Browser(child.expect("chromium is installed where the browser tests run"))
}

type Posted = Arc<Mutex<Vec<(String, String)>>>;

/// An issuer's page that hands back at once: posts `field` to `to`.
fn hand_back(to: &str, fields: &[(&str, &str)]) -> Html<String> {
    let inputs: String = fields.iter().map(|(name, value)| format!("<input name='{name}' value='{value}'>")).collect();
    Html(format!("<form id=f method=post action='{to}'>{inputs}</form><p id=w></p><script>f.submit()</script>"))
}

async fn issuer(posted: Posted, listener_base: String) -> Server {
    let field = |form: &[u8], name: &str| {
        url::form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let note = move |posted: &Posted, path: &str, value: Option<String>| {
        posted.lock().expect("no panic").push((path.to_owned(), value.unwrap_or_default()));
    };
    let (first, second) = (Arc::clone(&posted), posted);
    let (method_url, cres_url) = (format!("{listener_base}/method"), format!("{listener_base}/cres"));
    let router = axum::Router::new()
        .route(
            "/method",
            post(move |RawForm(form): RawForm| async move {
                note(&first, "method", field(&form, "threeDSMethodData"));
                let data = URL_SAFE_NO_PAD.encode(json!({ "threeDSServerTransID": "tid" }).to_string());
                hand_back(&method_url, &[("threeDSMethodData", &data)])
            }),
        )
        .route(
            "/challenge",
            post(move |RawForm(form): RawForm| async move {
                note(&second, "challenge", field(&form, "creq"));
                note(&second, "session data", field(&form, "threeDSSessionData"));
                let cres = URL_SAFE_NO_PAD.encode(json!({ "messageType": "CRes", "transStatus": "Y" }).to_string());
                hand_back(&cres_url, &[("cres", &cres), ("threeDSSessionData", "c2Vzc2lvbg")])
            }),
        );
    Server::start(serve::Config::new("issuer", 0), router).await.expect("a free port")
}

async fn next(visit: &mut Visit) -> Signal {
    tokio::time::timeout(DEADLINE, visit.next_signal()).await.expect("the page goes on in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_goes_all_the_way() {
    if !has_chromium() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(&dir.path().join("data")).expect("opens");
    let (sink, _events) = EventSink::channel(|| ());
    let listener = Listener::start(Config::new(0, 0, store.journal(), sink)).await.expect("free ports");
    let mut visit = listener.visit(RunId(1));
    let posted = Posted::default();
    let issuer = issuer(Arc::clone(&posted), visit.listener_base().to_owned()).await;
    let address = |path: &str| format!("http://{}/{path}", issuer.addr);

    let _browser = open(&format!("{}/", visit.merchant_base()), &dir.path().join("profile"));
    assert_eq!(next(&mut visit).await, Signal::PageOpened);
    visit.show(PageState::Method { url: address("method"), data: "bWV0aG9k".into() });
    assert_eq!(next(&mut visit).await, Signal::MethodNotified { trans_id: Some("tid".into()) });
    visit.show(PageState::Collect);
    let Signal::BrowserData(data) = next(&mut visit).await else { panic!("expected browser data") };
    assert_eq!((&data["channel"], &data["javascript_enabled"]), (&json!("browser"), &json!(true)));
    for (name, fits) in [("user_agent", "Chrome"), ("accept_header", "text/html"), ("ip_address", "127.0.0.1")] {
        assert!(data[name].as_str().is_some_and(|text| text.contains(fits)), "{name}: {data}");
    }
    for name in ["language", "color_depth", "screen_height", "screen_width", "timezone"] {
        assert!(data[name].is_string(), "{name}: {data}");
    }
    assert_eq!(
        data["color_depth"].as_str().and_then(|text| text.parse::<u8>().ok()).map(|depth| depth >= 8),
        Some(true)
    );
    for window in [WindowSize::W500, WindowSize::Full] {
        let session_data = Some("c2Vzc2lvbg".to_owned());
        visit.show(PageState::Challenge {
            acs_url: address("challenge"),
            creq: "Y3JlcQ".into(),
            session_data,
            window,
            hand_off: HandOff::Frame,
            shop_policy: ShopPolicy::Usual,
        });
        let cres: Value = json!({ "messageType": "CRes", "transStatus": "Y" });
        assert_eq!(next(&mut visit).await, Signal::ChallengeNotified { cres: Some(cres) });
    }
    visit.show(PageState::Redirect { url: format!("{}/success?cko-session-id=sid_a", visit.merchant_base()) });
    let returned = next(&mut visit).await;
    assert!(matches!(returned, Signal::Returned { session: Some(_), .. }), "{returned:?}");
    let posted = posted.lock().expect("no panic").clone();
    let expected = [
        ("method", "bWV0aG9k"),
        ("challenge", "Y3JlcQ"),
        ("session data", "c2Vzc2lvbg"),
        ("challenge", "Y3JlcQ"),
        ("session data", "c2Vzc2lvbg"),
    ];
    assert_eq!(posted, expected.map(|(path, value)| (path.to_owned(), value.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_issuer_times_out_after_ten_seconds() {
    if !has_chromium() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(&dir.path().join("data")).expect("opens");
    let (sink, _events) = EventSink::channel(|| ());
    let listener = Listener::start(Config::new(0, 0, store.journal(), sink)).await.expect("free ports");
    let mut visit = listener.visit(RunId(1));
    // A port that accepts and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/method", silent.local_addr().expect("bound"));
    visit.show(PageState::Method { url, data: "bWV0aG9k".into() });
    let _browser = open(&format!("{}/", visit.merchant_base()), &dir.path().join("profile"));
    assert_eq!(next(&mut visit).await, Signal::PageOpened);
    let start = std::time::Instant::now();
    assert_eq!(next(&mut visit).await, Signal::MethodTimedOut);
    assert!(start.elapsed() >= Duration::from_secs(9), "{:?}", start.elapsed());
}
