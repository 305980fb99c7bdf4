//! Engine against sandbox, without a window: runs to their outcomes, and what happens when
//! things go wrong on the way.

#[path = "flow/acts.rs"]
mod acts;
#[path = "flow/app.rs"]
mod app;
#[path = "flow/clock.rs"]
mod clock;
#[path = "flow/documents.rs"]
mod documents;
#[path = "flow/kinds.rs"]
mod kinds;
#[path = "flow/observed.rs"]
mod observed;
#[path = "flow/refusals.rs"]
mod refusals;
#[path = "flow/remarks.rs"]
mod remarks;
#[path = "flow/series.rs"]
mod series;
mod support;
#[path = "flow/why.rs"]
mod why;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use sessions_console::bus::Command;
use sessions_console::model::delivery::{DeliveryKind, Verdict};
use sessions_console::model::draft::Completion;
use sessions_console::model::exchange::{Step, header};
use sessions_console::model::profile::{Environment, Profile, ProfileId};
use sessions_console::model::run::{Act, Answer, Auth, Phase, Return, Shopper, StepRequest, What};
use sessions_console::model::settings::Pace;
use sessions_console::model::{Secret, SecretState, Server, ServerStatus};
use support::{bench, lines, plan, plan_with_card, status};

#[test]
fn the_first_run_ends_approved_with_its_callback() {
    let mut bench = bench();
    let id = bench.start(plan(Completion::NonHosted));
    let run = bench.end_of(id);
    assert_eq!(status(run), "approved", "{}", lines(run).join("\n"));
    assert!(run.progress.confirmed);
    assert_eq!(run.progress.callbacks, 1);
    let path: Vec<&str> = run.progress.path.iter().map(|action| action.word()).collect();
    assert_eq!(path, ["collect_channel_data", "issuer_fingerprint", "challenge_cardholder", "complete"]);
    let session = run.session().expect("a session");
    assert_eq!((session.text("/eci"), session.completed()), (Some("05"), Some(true)));
    let callback = run.entries.iter().find_map(|entry| match &entry.what {
        What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback => Some(delivery.clone()),
        _ => None,
    });
    let callback = callback.expect("a callback on the timeline");
    assert_eq!((callback.verdict.clone(), callback.answered), (Verdict::Matched, 200));
    let hidden: Vec<&str> = run
        .entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Scheme(message) => Some(message.kind),
            _ => None,
        })
        .collect();
    for kind in ["AReq", "ARes", "CReq", "RReq"] {
        assert!(hidden.contains(&kind), "{kind} is not among {hidden:?}");
    }
    assert!(run.phone().is_some_and(|message| message.code == "Checkout1!"));
}

#[test]
fn rows_stand_in_the_order_in_which_they_began() {
    let mut bench = bench();
    let id = bench.start(plan(Completion::NonHosted));
    let run = bench.end_of(id);
    let times: Vec<Duration> = run.entries.iter().map(|entry| entry.at.mono).collect();
    assert!(times.is_sorted(), "{}", lines(run).join("\n"));
    assert!(lines(run)[0].starts_with("Get a token POST /connect/token 200"), "{}", lines(run).join("\n"));
}

#[test]
fn a_token_serves_the_next_run_too() {
    let mut bench = bench();
    let first = bench.start(plan(Completion::NonHosted));
    bench.end_of(first);
    let second = bench.start(plan(Completion::NonHosted));
    let run = bench.end_of(second);
    assert!(!lines(run).iter().any(|line| line.contains("/connect/token")), "{}", lines(run).join("\n"));
}

#[test]
fn a_token_fetched_by_hand_is_a_row_like_any_other() {
    let mut bench = bench();
    bench.engine.dispatch(Command::RenewToken);
    bench.until("a token", |w| matches!(w.token(), sessions_console::model::profile::TokenStatus::Live(_)));
    let id = bench.start(plan(Completion::NonHosted));
    let run = bench.end_of(id);
    assert_eq!(lines(run).iter().filter(|line| line.contains("/connect/token")).count(), 1);
    bench.engine.dispatch(Command::RenewToken);
    bench.until("the second row", |w| {
        lines(&w.runs[&id]).iter().filter(|line| line.contains("/connect/token")).count() == 2
    });
    bench.engine.dispatch(Command::ForgetToken);
    bench.until("no token", |w| matches!(w.token(), sessions_console::model::profile::TokenStatus::Absent));
}

#[test]
fn who_answers_himself_is_offered_three_ways() {
    for (answer, expected) in [(Answer::Here, "approved"), (Answer::Abandon, "challenge_abandoned")] {
        let mut bench = bench();
        let id =
            bench.start(sessions_console::model::run::Plan { shopper: Shopper::Person, ..plan(Completion::NonHosted) });
        let turn = bench.turn_of(id);
        assert_eq!(turn.request.step, Step::Challenge);
        assert_eq!(turn.answers, [Answer::Browser, Answer::Here, Answer::Abandon]);
        assert!(turn.page.is_some_and(|page| page.starts_with("http://127.0.0.1:")));
        bench.answer(id, answer);
        let run = bench.end_of(id);
        assert_eq!(status(run), expected, "{}", lines(run).join("\n"));
        assert!(
            run.entries.iter().any(|entry| matches!(entry.what, What::Wait(Step::Challenge)) && entry.took.is_some())
        );
    }
}

#[test]
fn scripted_cardholders_reach_each_ending() {
    let wrong = || Act::Enter("wrong".into());
    for (acts, expected, reason) in [
        (vec![wrong(), wrong(), wrong()], "declined", Some("19")),
        (vec![wrong(), Act::EnterOffered], "approved", None),
        (vec![Act::Cancel], "challenge_abandoned", Some("01")),
    ] {
        let mut bench = bench();
        let shopper = Shopper::Scripted(acts);
        let id = bench.start(sessions_console::model::run::Plan { shopper, ..plan(Completion::NonHosted) });
        let run = bench.end_of(id);
        assert_eq!(status(run), expected, "{}", lines(run).join("\n"));
        assert_eq!(run.session().and_then(|s| s.text("/response_status_reason")), reason);
    }
}

#[test]
fn a_hosted_run_comes_back_to_the_shop() {
    for (card, expected, returned) in [
        ("4242424242424242", "approved", Return::Success),
        ("4485040371536584", "approved", Return::Success),
        ("4539628347117863", "declined", Return::Failure),
    ] {
        let mut bench = bench();
        let id = bench.start(plan_with_card(Completion::Hosted, card));
        let run = bench.end_of(id);
        assert_eq!(status(run), expected, "{}", lines(run).join("\n"));
        assert_eq!(run.progress.returned_to, Some(returned), "{}", lines(run).join("\n"));
        assert!(run.progress.confirmed);
    }
}

#[test]
fn manual_mode_stops_before_each_step_and_sends_what_was_edited() {
    let mut bench = bench();
    let manual = sessions_console::model::run::Plan { pace: Pace::Manual, ..plan(Completion::NonHosted) };
    let id = bench.start(manual);
    let mut turn = bench.turn_with(id, Step::Create);
    assert!(bench.engine.workspace().clock_held, "the sandbox waits with us");
    turn.request.body = turn.request.body.replace("INV-1001", "INV-EDITED");
    bench.engine.dispatch(Command::Send(id, turn.request));
    bench.turn_with(id, Step::Method);
    let session = bench.run(id).session().expect("a session").clone();
    assert_eq!(session.text("/reference"), Some("INV-EDITED"));
    bench.engine.dispatch(Command::Skip(id));
    let turn = bench.turn_with(id, Step::Collect);
    assert!(turn.request.body.contains("\"three_ds_method_completion\": \"U\""), "{}", turn.request.body);
    bench.engine.dispatch(Command::Send(id, turn.request));
    let turn = bench.turn_with(id, Step::Challenge);
    bench.engine.dispatch(Command::Send(id, turn.request));
    let turn = bench.turn_with(id, Step::Confirm);
    bench.engine.dispatch(Command::Send(id, turn.request));
    bench.turn_with(id, Step::Complete);
    bench.engine.dispatch(Command::Skip(id));
    let run = bench.end_of(id);
    assert_eq!((status(run), run.progress.callbacks), ("approved", 0));
    assert!(!bench.engine.workspace().clock_held);
    bench.engine.dispatch(Command::Do(id, Step::Complete));
    let turn = bench.turn_with(id, Step::Complete);
    bench.engine.dispatch(Command::Send(id, turn.request));
    bench.until("the callback", |w| w.runs[&id].progress.callbacks == 1);
}

#[test]
fn a_refused_request_is_explained_and_can_be_mended() {
    let mut bench = bench();
    let mut wrong = plan(Completion::NonHosted);
    wrong.body = wrong.body.replace("\"USD\"", "\"dollars\"");
    let id = bench.start(wrong);
    let turn = bench.turn_of(id);
    let problem = turn.problem.expect("a problem");
    assert!(problem.summary.contains("422") && problem.summary.contains("currency_invalid"), "{problem:?}");
    assert!(problem.causes.iter().any(|cause| cause.contains("currency")), "{problem:?}");
    let mended = StepRequest { body: turn.request.body.replace("\"dollars\"", "\"EUR\""), ..turn.request };
    bench.engine.dispatch(Command::Send(id, mended));
    assert_eq!(status(bench.end_of(id)), "approved");
}

#[test]
fn an_expired_token_is_refused_once_and_not_renewed() {
    let mut bench = bench();
    let manual = sessions_console::model::run::Plan { pace: Pace::Manual, ..plan(Completion::NonHosted) };
    let id = bench.start(manual);
    let turn = bench.turn_with(id, Step::Create);
    let expired = StepRequest { auth: Auth::ExpiredToken, ..turn.request.clone() };
    bench.engine.dispatch(Command::Send(id, expired));
    bench.until("the refusal", |w| matches!(&w.runs[&id].phase, Phase::Waiting(turn) if turn.problem.is_some()));
    assert_eq!(lines(bench.run(id)).iter().filter(|line| line.ends_with("POST /sessions 401")).count(), 1);
    assert!(!lines(bench.run(id)).iter().any(|line| line.contains("/connect/token")));
    bench.engine.dispatch(Command::Send(id, turn.request));
    bench.turn_with(id, Step::Method);
}

#[test]
fn the_session_can_be_authorised_once() {
    let mut bench = bench();
    let id = bench.start(plan(Completion::NonHosted));
    bench.end_of(id);
    bench.engine.dispatch(Command::Do(id, Step::Authorise));
    bench.until("a payment", |w| w.runs[&id].progress.payment.is_some());
    let payment = bench.run(id).progress.payment.clone().expect("a payment");
    assert_eq!(payment["status"], "Authorized");
    assert_eq!(payment["3ds"]["eci"], "05");
    bench.engine.dispatch(Command::Do(id, Step::Authorise));
    let problem = bench.turn_of(id).problem.expect("a second use is refused");
    assert!(problem.summary.contains("authentication_id_invalid"), "{problem:?}");
}

/// A port on which nobody listens.
fn dead_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("an address").port()
}

fn custom(base: String, token: String) -> Profile {
    let mut profile = Profile::new(ProfileId("mine".into()), Environment::Custom);
    (profile.base_url, profile.token_url, profile.client_id) = (base, token, "ack_mine".into());
    profile
}

#[test]
fn an_unreachable_host_ends_in_a_designed_error_and_the_run_goes_on_afterwards() {
    let mut bench = bench();
    let port = dead_port();
    let embedded = bench.engine.workspace().profile().expect("the embedded profile").clone();
    let profile = custom(format!("http://127.0.0.1:{port}"), embedded.token_url.clone());
    bench.engine.dispatch(Command::SaveProfile(Profile { client_id: embedded.client_id.clone(), ..profile.clone() }));
    bench.engine.dispatch(Command::UseProfile(profile.id.clone()));
    let secret = bench.engine.sandbox().expect("a sandbox").client_secret().clone();
    bench.engine.dispatch(Command::SetSecret(profile.id.clone(), secret));
    let id = bench.start(sessions_console::model::run::Plan { profile: profile.id, ..plan(Completion::NonHosted) });
    let turn = bench.turn_of(id);
    let problem = turn.problem.expect("a problem");
    assert!(problem.summary.contains(&port.to_string()), "{problem:?}");
    assert!(problem.hint.is_some() && !problem.causes.is_empty(), "{problem:?}");
    assert!(lines(bench.run(id)).iter().any(|line| line.contains("no answer")));
    // The same host comes to life; the same run goes on.
    let (answer, server) = answering_server(port, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    bench.engine.dispatch(Command::Send(id, turn.request));
    bench.until("the answer", |w| lines(&w.runs[&id]).iter().any(|line| line.contains(" 503")));
    server.join().expect("the server ends");
    assert!(answer.recv().expect("a request").starts_with(b"POST /sessions HTTP/1.1\r\n"));
}

/// Answers one request with fixed bytes; gives the request's bytes away.
fn answering_server(
    port: u16,
    answer: &'static str,
) -> (std::sync::mpsc::Receiver<Vec<u8>>, std::thread::JoinHandle<()>) {
    let socket = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let (tx, rx) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = socket.accept().expect("a connection");
        let (mut got, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let n = stream.read(&mut piece).expect("bytes");
            got.extend_from_slice(&piece[..n]);
            let head = got.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
            let length = String::from_utf8_lossy(&got)
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: ")?.trim().parse::<usize>().ok());
            if head.is_some_and(|head| got.len() >= head + length.unwrap_or(0)) || n == 0 {
                break;
            }
        }
        stream.write_all(answer.as_bytes()).expect("an answer");
        tx.send(got).ok();
    });
    (rx, server)
}

#[test]
fn the_record_is_what_was_on_the_wire() {
    let mut bench = bench();
    let port = dead_port();
    let (wire, server) = answering_server(port, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Odd: a  b\r\n\r\n{}");
    let manual = sessions_console::model::run::Plan { pace: Pace::Manual, ..plan(Completion::NonHosted) };
    let id = bench.start(manual);
    let turn = bench.turn_with(id, Step::Create);
    let request = StepRequest {
        url: format!("http://127.0.0.1:{port}/any?x=1"),
        auth: Auth::Text("Basic mine".into()),
        headers: vec![("X-Mine".into(), "1".into())],
        body: "not json".into(),
        ..turn.request
    };
    bench.engine.dispatch(Command::Send(id, request));
    bench.until("the exchange", |w| w.runs[&id].entries.iter().any(|e| matches!(e.what, What::Exchange(_))));
    server.join().expect("the server ends");
    let wire = String::from_utf8(wire.recv().expect("a request")).expect("text");
    let exchange = bench.run(id).entries.iter().find_map(|entry| match &entry.what {
        What::Exchange(exchange) => Some(exchange.clone()),
        _ => None,
    });
    let exchange = exchange.expect("an exchange");
    let mut lines = wire.split("\r\n");
    assert_eq!(lines.next(), Some("POST /any?x=1 HTTP/1.1"));
    let sent: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let mut recorded: Vec<String> =
        exchange.request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut on_wire: Vec<String> = sent.iter().map(|line| (*line).to_owned()).collect();
    // The value of Authorization is masked in the record; nothing else differs.
    recorded
        .iter_mut()
        .chain(&mut on_wire)
        .filter(|l| l.starts_with("Authorization"))
        .for_each(|l| *l = "Authorization".into());
    assert_eq!(recorded, on_wire);
    assert_eq!(&exchange.request.body[..], b"not json");
    let answer = exchange.response().expect("an answer");
    assert_eq!((answer.status, header(&answer.headers, "x-odd")), (200, Some("a  b")));
    assert!(exchange.timing.connect.is_some() && exchange.timing.total >= exchange.timing.wait);
}

#[test]
fn credentials_stay_with_the_hosts_they_were_entered_for() {
    let mut bench = bench();
    let (listened, server) = (TcpListener::bind("127.0.0.1:0").expect("a port"), dead_port());
    let stranger = listened.local_addr().expect("an address").port();
    let profile = custom(format!("http://127.0.0.1:{server}"), format!("http://127.0.0.1:{server}/connect/token"));
    bench.engine.dispatch(Command::SaveProfile(profile.clone()));
    bench.engine.dispatch(Command::SetSecret(profile.id.clone(), Secret::new("canary-secret")));
    assert_eq!(bench.engine.workspace().secrets[&profile.id], SecretState::Held);
    let moved = Profile { token_url: format!("http://127.0.0.1:{stranger}/connect/token"), ..profile.clone() };
    bench.engine.dispatch(Command::SaveProfile(moved));
    assert!(matches!(bench.engine.workspace().secrets[&profile.id], SecretState::Locked { .. }));
    bench.engine.dispatch(Command::UseProfile(profile.id.clone()));
    let id = bench.start(sessions_console::model::run::Plan { profile: profile.id, ..plan(Completion::NonHosted) });
    let problem = bench.turn_of(id).problem.expect("a problem");
    assert!(problem.summary.contains("not entered for"), "{problem:?}");
    listened.set_nonblocking(true).expect("non-blocking");
    assert!(listened.accept().is_err(), "nobody may have connected");
}

#[test]
fn a_cancelled_run_keeps_what_it_saw_and_can_go_on() {
    let mut bench = bench();
    let id =
        bench.start(sessions_console::model::run::Plan { shopper: Shopper::Person, ..plan(Completion::NonHosted) });
    bench.turn_with(id, Step::Challenge);
    let rows = bench.run(id).entries.len();
    bench.engine.dispatch(Command::Cancel(id));
    bench.until("the word", |w| w.runs[&id].entries.len() > rows);
    assert_eq!(bench.run(id).phase, Phase::Cancelled);
    bench.engine.dispatch(Command::Do(id, Step::Confirm));
    bench.turn_with(id, Step::Challenge);
    bench.answer(id, Answer::Here);
    assert_eq!(status(bench.end_of(id)), "approved");
}

#[test]
fn a_taken_port_is_moved_only_where_that_is_allowed() {
    use sessions_console::engine::{Engine, Ports};
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let dir = tempfile::tempdir().expect("a folder");
    let ports = Ports { sandbox: port, ..Ports::FREE };
    let strict = sessions_console::engine::Options { ports, ..support::options(&dir) };
    let error = Engine::start(strict.clone(), || ()).err().expect("the port is taken");
    assert!(error.to_string().contains(&port.to_string()) && !error.hint().is_empty(), "{error}");
    let free = sessions_console::engine::Options { take_free_ports: true, ..strict };
    let engine = Engine::start(free, || ()).expect("another port");
    match &engine.workspace().servers[&Server::Sandbox] {
        ServerStatus::Up { instead_of, .. } => assert_eq!(*instead_of, Some(port)),
        other => panic!("{other:?}"),
    }
    assert!(engine.workspace().notices.iter().any(|notice| notice.problem.summary.contains(&port.to_string())));
}

/// An API that answers by a rule: request line in, status line and JSON body out. Ends with the test.
fn fake_api(
    answer: impl Fn(&str) -> (&'static str, String) + Send + 'static,
) -> (u16, std::sync::mpsc::Receiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("an address").port();
    let (tx, rx) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut got = Vec::new();
            let mut piece = [0; 4096];
            let complete = |got: &[u8]| {
                let text = String::from_utf8_lossy(got);
                let (head, body) = text.split_once("\r\n\r\n")?;
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
                (body.len() >= length.unwrap_or(0)).then(|| text.into_owned())
            };
            let text = loop {
                if let Some(text) = complete(&got) {
                    break text;
                }
                match stream.read(&mut piece) {
                    Ok(n) if n > 0 => got.extend_from_slice(&piece[..n]),
                    _ => break String::new(),
                }
            };
            let line = text.lines().next().unwrap_or_default().to_owned();
            let (status, body) = answer(&line);
            let length = body.len();
            let reply = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            stream.write_all(reply.as_bytes()).ok();
            if tx.send(text).is_err() {
                return;
            }
        }
    });
    (port, rx)
}

const TOKEN: &str = r#"{"access_token":"t0ken-of-the-fake-server","expires_in":3600,"token_type":"Bearer","scope":""}"#;

/// A bench whose active profile is this fake API.
fn bench_with(port: u16) -> (support::Bench, ProfileId) {
    let mut bench = bench();
    let profile = custom(format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{port}/connect/token"));
    let id = profile.id.clone();
    bench.engine.dispatch(Command::SaveProfile(profile));
    bench.engine.dispatch(Command::UseProfile(id.clone()));
    bench.engine.dispatch(Command::SetSecret(id.clone(), Secret::new("canary-secret")));
    (bench, id)
}

#[test]
fn a_session_that_does_not_move_on_is_completed_once_and_then_said() {
    let session =
        r#"{"id":"sid_x","session_secret":"sek_x","status":"approved","next_actions":["complete"],"completed":false}"#;
    let (port, _requests) = fake_api(move |line| match line {
        line if line.starts_with("POST /connect/token") => ("200 OK", TOKEN.into()),
        line if line.contains("/complete") => ("204 No Content", String::new()),
        line if line.starts_with("POST /sessions") => ("201 Created", session.into()),
        _ => ("200 OK", session.into()),
    });
    let (mut bench, profile) = bench_with(port);
    let id = bench.start(sessions_console::model::run::Plan { profile, ..plan(Completion::NonHosted) });
    let turn = bench.turn_of(id);
    let problem = turn.problem.expect("it is said");
    assert!(problem.summary.contains("did not move on"), "{problem:?}");
    let completes = lines(bench.run(id)).iter().filter(|line| line.starts_with("Complete session POST")).count();
    assert_eq!(completes, 1, "{}", lines(bench.run(id)).join("\n"));
}

#[test]
fn a_run_stopped_while_it_creates_knows_its_session_afterwards() {
    let mut bench = bench();
    let mut slow = plan(Completion::NonHosted);
    slow.body = slow.body.replace("INV-1001", "SBX:SLOW=400");
    let id = bench.start(slow);
    bench.until("the request", |w| {
        matches!(w.runs[&id].phase, Phase::Working(Some(Step::Create))) && w.runs[&id].entries.len() == 1
    });
    bench.engine.dispatch(Command::Cancel(id));
    assert_eq!(bench.run(id).phase, Phase::Cancelled, "shown at once");
    bench.until("the answer", |w| w.runs[&id].session().is_some());
    bench.until("the word", |w| w.runs[&id].entries.iter().any(|entry| matches!(entry.what, What::Cancelled)));
    bench.engine.dispatch(Command::Do(id, Step::Confirm));
    bench.end_of(id);
    let creates = lines(bench.run(id)).iter().filter(|line| line.starts_with("Create session POST")).count();
    assert_eq!((creates, status(bench.run(id))), (1, "approved"), "{}", lines(bench.run(id)).join("\n"));
}

#[test]
fn a_turn_after_the_end_can_be_cancelled() {
    let mut bench = bench();
    let id = bench.start(plan(Completion::NonHosted));
    bench.end_of(id);
    for _ in 0..2 {
        bench.engine.dispatch(Command::Do(id, Step::Authorise));
        bench.until("an answer", |w| !matches!(w.runs[&id].phase, Phase::Working(_)));
    }
    bench.turn_of(id);
    bench.engine.dispatch(Command::Cancel(id));
    bench.until("the word", |w| w.runs[&id].entries.iter().any(|entry| matches!(entry.what, What::Cancelled)));
    assert_eq!(bench.run(id).phase, Phase::Cancelled);
}

#[test]
fn a_token_does_not_follow_its_profile_to_another_host() {
    let say = |line: &str| match line {
        line if line.starts_with("POST /connect/token") => ("200 OK", TOKEN.to_owned()),
        _ => (
            "403 Forbidden",
            r#"{"error_type":"operation_not_allowed","error_codes":["operation_not_allowed"]}"#.to_owned(),
        ),
    };
    let ((first, _requests), (second, seen)) = (fake_api(say), fake_api(say));
    let (mut bench, profile) = bench_with(first);
    bench.engine.dispatch(Command::RenewToken);
    bench.until("a token", |w| matches!(w.token(), sessions_console::model::profile::TokenStatus::Live(_)));
    let moved = custom(format!("http://127.0.0.1:{second}"), format!("http://127.0.0.1:{second}/connect/token"));
    bench.engine.dispatch(Command::SaveProfile(moved));
    bench.engine.dispatch(Command::SetSecret(profile.clone(), Secret::new("secret-of-the-second")));
    let id = bench.start(sessions_console::model::run::Plan { profile, ..plan(Completion::NonHosted) });
    bench.turn_of(id);
    let asked = seen.recv_timeout(support::DEADLINE).expect("the second server is asked");
    assert!(asked.starts_with("POST /connect/token"), "it must be asked for its own token first: {asked}");
}

#[test]
fn what_the_listener_refused_is_no_fact_of_the_run() {
    let mut bench = bench();
    let id =
        bench.start(sessions_console::model::run::Plan { shopper: Shopper::Person, ..plan(Completion::NonHosted) });
    bench.turn_with(id, Step::Challenge);
    let session = bench.run(id).session().expect("a session").clone();
    let callback = session.link("callback_url").expect("a callback address").to_owned();
    let host = callback.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    let mut stream = std::net::TcpStream::connect(&host).expect("the listener");
    write!(stream, "GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", &callback[7 + host.len()..])
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    bench.until("the row", |w| {
        w.runs[&id].entries.iter().any(|entry| matches!(&entry.what, What::Delivery(d) if d.answered == 405))
    });
    assert_eq!(bench.run(id).progress.callbacks, 0);
}

#[test]
fn production_waits_for_a_word() {
    let mut bench = bench();
    let mut profile = custom("https://api.example.test".into(), "https://access.example.test/connect/token".into());
    profile.environment = Environment::Production;
    bench.engine.dispatch(Command::SaveProfile(profile.clone()));
    bench.engine.dispatch(Command::Run(sessions_console::model::run::Plan {
        profile: profile.id.clone(),
        ..plan(Completion::NonHosted)
    }));
    assert!(bench.engine.workspace().runs.is_empty());
    assert!(bench.engine.workspace().notices.iter().any(|notice| notice.problem.summary.contains("production")));
    bench.engine.dispatch(Command::ConfirmProduction(profile.id.clone()));
    // It has no secret, so this goes no further than our own refusal.
    let id = bench.start(sessions_console::model::run::Plan { profile: profile.id, ..plan(Completion::NonHosted) });
    let problem = bench.turn_of(id).problem.expect("a problem");
    assert!(problem.summary.contains("no client secret"), "{problem:?}");
}
