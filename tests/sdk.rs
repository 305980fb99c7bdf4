//! The official client libraries for Python and Node, unchanged, against the program itself; and
//! a 3DS SDK in Python that was written from the specification alone.
//!
//! Each library has a walk under `tests/sdk` that makes every call it has for sessions. The
//! packages are installed by `.ci/run`; without them a test says so and passes, unless
//! SESSIONS_CONSOLE_SDK_TESTS=required.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// `sessions-console sandbox` with both listeners, on free ports; gone when dropped.
struct Sandbox {
    process: Child,
    ready: Value,
    _data: tempfile::TempDir,
}

impl Sandbox {
    fn start() -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let mut process = Command::new(env!("CARGO_BIN_EXE_sessions-console"))
            .arg("--data-dir")
            .arg(data.path())
            .args(["sandbox", "--json", "--port", "0", "--tls-port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("the ready line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|fault| panic!("{fault} in the ready line {line:?}"));
        Self { process, ready, _data: data }
    }

    fn says(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.ready))
    }

    /// A command that knows where the sandbox is, and asks no proxy.
    fn walk(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for name in ["base_url", "token_url", "tls_url", "ca_file", "client_id", "client_secret", "control_token"] {
            command.env(format!("SANDBOX_{}", name.to_ascii_uppercase()), self.says(name));
        }
        for name in ["CKO_SECRET", "CKO_SECRET_KEY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            command.env_remove(name);
        }
        command.env("NO_PROXY", "*").env("REQUESTS_CA_BUNDLE", self.says("ca_file"));
        command
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A file of the installed packages, below the target folder; `None`, said aloud, where they are not.
fn installed(what: &str, path: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_sessions-console"));
    let target = program.parent().and_then(Path::parent).expect("target/debug/sessions-console");
    let file = target.join("sdk").join(path);
    let required = std::env::var("SESSIONS_CONSOLE_SDK_TESTS").is_ok_and(|value| value == "required");
    assert!(file.exists() || !required, "{what} is not installed: no {}", file.display());
    if !file.exists() {
        println!("skipped: {what} is not installed, .ci/run installs it");
    }
    file.exists().then_some(file)
}

/// Runs a walk to its end and shows all it says if it fails.
fn passes(mut walk: Command) {
    let ended = walk.output().expect("the walk starts");
    let (said, faults) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{}\n{said}\n{faults}", ended.status);
    println!("{said}{faults}");
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(path)
}

#[test]
fn python_makes_every_call() {
    let python = if cfg!(windows) { "python/Scripts/python.exe" } else { "python/bin/python" };
    let Some(python) = installed("the Python library", python) else { return };
    let sandbox = Sandbox::start();
    let mut walk = sandbox.walk(&python);
    walk.arg("-B").arg(script("python/walk.py"));
    passes(walk);
}

#[test]
fn an_sdk_in_python_completes_the_challenge_in_an_app() {
    let python = if cfg!(windows) { "python/Scripts/python.exe" } else { "python/bin/python" };
    let Some(python) = installed("the JOSE library for Python", python) else { return };
    let sandbox = Sandbox::start();
    let mut walk = sandbox.walk(&python);
    walk.arg("-B").arg(script("python/app_challenge.py"));
    passes(walk);
}

#[test]
fn node_makes_every_call() {
    let Some(modules) = installed("the Node library", "node/node_modules") else { return };
    let sandbox = Sandbox::start();
    let mut walk = sandbox.walk(Path::new("node"));
    walk.arg(script("node/walk.mjs")).env("SANDBOX_NODE_MODULES", modules);
    passes(walk);
}
