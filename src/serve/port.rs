//! Taking a port on the loopback interface, and saying who has it.
//!
//! Hides: two sockets on one port, and how the system tells which program holds it.
//! Promises: nothing beyond loopback is ever bound. Source: trust.md R3, R13.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

/// How often another free port is tried when `::1` of the first is taken.
const TRIES: usize = 16;

/// What became of `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ipv6 {
    /// Served as well.
    Bound,
    /// The system has no IPv6 loopback.
    Absent,
    /// Another program has this port on `::1`, so a browser that asks for `localhost`
    /// may reach that program: hand out 127.0.0.1.
    Taken,
}

/// Both listeners, and the address to hand out.
pub(super) struct Bound {
    pub(super) addr: SocketAddr,
    pub(super) v4: TcpListener,
    pub(super) v6: Option<TcpListener>,
    pub(super) ipv6: Ipv6,
}

/// Binds 127.0.0.1, and `::1` on the same port where that is possible. With port 0 a
/// port is looked for that is free on both.
pub(super) async fn bind(port: u16) -> io::Result<Bound> {
    let mut tries = 0;
    loop {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let addr = v4.local_addr()?;
        tries += 1;
        let (v6, ipv6) = match TcpListener::bind((Ipv6Addr::LOCALHOST, addr.port())).await {
            Ok(v6) => (Some(v6), Ipv6::Bound),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if port == 0 && tries < TRIES {
                    continue;
                }
                (None, Ipv6::Taken)
            }
            Err(_) => (None, Ipv6::Absent),
        };
        return Ok(Bound { addr, v4, v6, ipv6 });
    }
}

/// The program that listens on this port, as `name (process 123)`; `None` where the
/// system does not tell, or not to us.
#[cfg(target_os = "linux")]
pub(super) fn holder(port: u16) -> Option<String> {
    use std::fs;

    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let socket = tables.iter().flat_map(|table| table.lines()).find_map(|line| listening(line, port))?;
    let wanted = format!("socket:[{socket}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        let Some(id) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else { continue };
        // Other people's processes keep their files to themselves.
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |file: fs::DirEntry| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str());
        if files.flatten().any(holds) {
            let program = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {id})", program.trim()));
        }
    }
    None
}

/// Elsewhere the system has no such table that the standard library could read.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_port: u16) -> Option<String> {
    None
}

/// The socket's number, if a line of `/proc/net/tcp` is about a listener on `port`.
#[cfg(target_os = "linux")]
fn listening(line: &str, port: u16) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let local = words.get(1)?.rsplit_once(':')?.1;
    let same = u16::from_str_radix(local, 16).ok()? == port;
    (same && *words.get(3)? == "0A").then(|| words.get(9).copied())?
}
