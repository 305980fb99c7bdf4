//! The real window under Xvfb, driven from outside by the labels that a person reads.
//! Needs the feature `inspection`, Xvfb and Mesa; `.ci/run` installs and runs it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, Pos2, pos2};
use egui_inspection::protocol::{Request, Response, read_handshake, read_message, write_message};

const DEADLINE: Duration = Duration::from_secs(60);

/// Ends its process when dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A virtual display; Xvfb picks a free number and says it.
fn display() -> (Ended, String) {
    let mut xvfb = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb (Debian: xvfb)");
    let mut number = String::new();
    BufReader::new(xvfb.stdout.take().expect("piped")).read_line(&mut number).expect("a display number");
    (Ended(xvfb), format!(":{}", number.trim()))
}

struct Window {
    stream: TcpStream,
    _program: Ended,
    _display: Ended,
    _data: tempfile::TempDir,
}

impl Window {
    fn open() -> Self {
        let (screen, number) = display();
        let data = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let program = Command::new(env!("CARGO_BIN_EXE_sessions-console"))
            .arg("--data-dir")
            .arg(data.path())
            .env("DISPLAY", number)
            .env_remove("WAYLAND_DISPLAY")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("EGUI_INSPECTION", format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the program");
        let mut program = Ended(program);
        let start = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) => {
                    let ended = program.0.try_wait().expect("a process");
                    assert!(ended.is_none() && start.elapsed() < DEADLINE, "no window: {error}, {ended:?}");
                    std::thread::sleep(Duration::from_millis(20)); // between two tries of one condition
                }
            }
        };
        read_handshake(&stream).expect("a handshake");
        Self { stream, _program: program, _display: screen, _data: data }
    }

    fn ask(&mut self, request: &Request) -> Response {
        write_message(&self.stream, request).expect("a request");
        match read_message(&self.stream).expect("an answer") {
            Response::Error { message } => panic!("{request:?}: {message}"),
            response => response,
        }
    }

    /// All texts on the screen, each with its middle.
    fn texts(&mut self) -> Vec<(String, Pos2)> {
        let Response::Tree { accesskit: Some(tree), .. } = self.ask(&Request::GetTree) else { return Vec::new() };
        let nodes = tree.nodes.iter().flat_map(|(_, node)| {
            let middle = node.bounds().map(|b| pos2(((b.x0 + b.x1) / 2.0) as f32, ((b.y0 + b.y1) / 2.0) as f32));
            let texts = [node.label(), node.value()].into_iter().flatten().map(str::to_owned);
            texts.filter_map(move |text| Some((text, middle?))).collect::<Vec<_>>()
        });
        nodes.collect()
    }

    /// Waits until something on the screen contains this text; gives its middle.
    fn see(&mut self, wanted: &str) -> Pos2 {
        let start = Instant::now();
        loop {
            let texts = self.texts();
            let exact = texts.iter().find(|(text, _)| text == wanted);
            if let Some((_, middle)) = exact.or_else(|| texts.iter().find(|(text, _)| text.contains(wanted))) {
                return *middle;
            }
            if start.elapsed() > DEADLINE {
                self.keep_picture("window-test-failed.png");
                panic!("{wanted:?} is not on the screen, which shows:\n{texts:#?}");
            }
            self.ask(&Request::Settle { max_steps: 5 });
        }
    }

    fn click(&mut self, wanted: &str) {
        let pos = self.see(wanted);
        let button =
            |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        self.ask(&Request::ApplyEvents { events: vec![Event::PointerMoved(pos)] });
        self.ask(&Request::ApplyEvents { events: vec![button(true)] });
        self.ask(&Request::ApplyEvents { events: vec![button(false)] });
    }

    fn press(&mut self, key: egui::Key, modifiers: Modifiers) {
        let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        self.ask(&Request::ApplyEvents { events: vec![event(true), event(false)] });
    }

    fn type_text(&mut self, text: &str) {
        self.ask(&Request::ApplyEvents { events: vec![Event::Text(text.to_owned())] });
    }

    /// The code in the bank's message to the phone, as a person reads it off.
    fn code(&mut self) -> String {
        const MESSAGE: &str = "Password for ";
        self.see(MESSAGE);
        let texts = self.texts();
        let (message, _) = texts.iter().find(|(text, _)| text.contains(MESSAGE)).expect("seen just now");
        let code = message.lines().find_map(|line| line.split_once(MESSAGE)?.1.rsplit_once(": "));
        code.unwrap_or_else(|| panic!("no code in {message:?}")).1.trim().to_owned()
    }

    fn picture(&mut self) -> Vec<u8> {
        match self.ask(&Request::GetScreenshot { pixels_per_point: Some(1.0) }) {
            Response::Screenshot(png) => png.bytes,
            other => panic!("{other:?}"),
        }
    }

    fn keep_picture(&mut self, name: &str) {
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let picture = self.picture();
        fs::write(&place, picture).expect("a picture");
        println!("picture: {}", place.display());
    }
}

#[test]
fn the_story_by_its_labels() {
    let mut window = Window::open();
    window.see("Send your first session");
    // Nothing filled in by hand: Ctrl+Enter.
    window.press(egui::Key::Enter, Modifiers::COMMAND);
    window.see("Approved after a challenge");
    window.see("matched");
    window.keep_picture("window-approved.png");

    // The shopper is a person now: three ways are offered.
    window.click("I answer myself");
    window.press(egui::Key::Enter, Modifiers::COMMAND);
    window.see("Open in my browser");
    window.see("Abandon");
    window.keep_picture("window-turn.png");
    window.click("Answer here");
    window.see("Approved after a challenge");

    // A row opens in the inspector.
    window.click("POST …/complete");
    window.see("Headers");

    // Authorise by the session's identifier.
    window.click("Authorise");
    window.see("pay_");
    window.keep_picture("window-authorised.png");
}

#[test]
fn a_challenge_in_an_app_is_answered_on_the_device_by_keyboard() {
    let mut window = Window::open();
    window.see("Send your first session");
    window.click("App");
    window.click("I answer myself");
    window.press(egui::Key::Enter, Modifiers::COMMAND);
    window.see("Answer on the device");
    window.keep_picture("window-app-turn.png");
    window.press(egui::Key::Enter, Modifiers::NONE);
    let code = window.code();
    window.keep_picture("window-device.png");
    // The box has the keyboard: nothing is clicked.
    window.type_text(&code);
    window.press(egui::Key::Enter, Modifiers::NONE);
    window.see("Approved after a challenge");
    window.keep_picture("window-device-approved.png");
}
