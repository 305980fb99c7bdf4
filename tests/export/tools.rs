//! The programs that run what was written.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sessions_console::export::code::Language;

/// A value for every variable, with the signs that a language could take for its own.
pub const VARIABLES: [(&str, &str); 6] = [
    ("ACCESS_TOKEN", r#"t0k'"$HOME`#{x}%\n"#),
    ("CREDENTIALS", "YWNrX2E6c2VjcmV0"),
    ("SESSION_SECRET", "sek_a+b/c=="),
    ("CLIENT_SECRET", "s3cr3t%2B"),
    ("COOKIE", "a=1; b=2"),
    ("X_API_KEY", "k-1"),
];

/// A language's program, if this machine has it.
pub struct Tool {
    pub language: Language,
    program: PathBuf,
    folder: tempfile::TempDir,
}

fn answers(program: &Path, words: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Python with requests: the one that the official library came with, or the system's.
fn python() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_sessions-console"));
    let target = program.parent().and_then(Path::parent).expect("target/debug/sessions-console");
    let own = target.join("sdk/python/bin/python");
    if own.exists() { own } else { "python3".into() }
}

impl Tool {
    /// `None`, said aloud, where it is not installed.
    pub fn of(language: Language) -> Option<Self> {
        let (program, words): (PathBuf, &[&str]) = match language {
            Language::Curl => ("curl".into(), &["--version"]),
            Language::Httpie => ("http".into(), &["--version"]),
            Language::Rust => return None, // compiled with the tests: `sent.rs`
            Language::Python => (python(), &["-c", "import requests"]),
            Language::JavaScript => ("node".into(), &["-e", "fetch"]),
            Language::Java => ("java".into(), &["--version"]),
            Language::Go => ("go".into(), &["version"]),
            Language::CSharp => ("dotnet".into(), &["--version"]),
            Language::Php => ("php".into(), &["-r", "exit(function_exists('curl_init') ? 0 : 1);"]),
        };
        let installed = matches!(language, Language::Curl | Language::Python | Language::JavaScript);
        let required = std::env::var("SESSIONS_CONSOLE_SDK_TESTS").is_ok_and(|value| value == "required");
        let there = answers(&program, words);
        assert!(there || !(required && installed), "{} is not installed", program.display());
        if !there {
            // Past the test runner, which keeps what a test that passes prints.
            writeln!(std::io::stderr(), "skipped: {} is not installed", program.display()).ok();
            return None;
        }
        Some(Self { language, program, folder: tempfile::tempdir().expect("a temporary folder") })
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file in a temporary folder");
        path
    }

    /// Runs a program text to its end.
    pub fn run(&self, code: &str) -> Output {
        let program = |words: &[&str], file: PathBuf| {
            let mut command = Command::new(&self.program);
            command.args(words).arg(file);
            command
        };
        let mut command = match self.language {
            Language::Curl | Language::Httpie | Language::Rust => {
                let mut shell = Command::new("sh");
                shell.arg(self.write("code.sh", code));
                shell
            }
            Language::Python => program(&["-B"], self.write("code.py", code)),
            Language::JavaScript => program(&[], self.write("code.mjs", code)),
            Language::Java => program(&["-XX:TieredStopAtLevel=1"], self.write("Main.java", code)),
            Language::Go => program(&["run"], self.write("main.go", code)),
            Language::Php => program(&[], self.write("code.php", code)),
            Language::CSharp => {
                let project = "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType>\
                    <TargetFramework>net8.0</TargetFramework></PropertyGroup></Project>";
                self.write("code.csproj", project);
                self.write("Program.cs", code);
                program(&["run", "--project"], self.folder.path().join("code.csproj"))
            }
        };
        command.envs(VARIABLES).env("NO_PROXY", "*").stdin(Stdio::null());
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "CURL_HOME"] {
            command.env_remove(name);
        }
        command.env("HTTPIE_CONFIG_DIR", self.folder.path());
        command.output().expect("the program starts")
    }
}
