//! The same refused and accepted push over ssh and over http, each through a real server on loopback. What is refused
//! and why is `push.rs`'s matter; here it is shown that the gate stands in every door.
//!
//! `tests/setup.sh` installs the servers; a test whose server is missing fails and says so.

mod support;

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use support::{Repo, Server, TestEnv, live_key, payments, run, test_key};

const STAGING: &str = "refs/heads/staging";

#[test]
fn over_ssh() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    let door = ssh(&env);
    work.git(["config", "core.sshCommand", &door.client]);
    let url = format!("ssh://{}@127.0.0.1:{}{}", user(), door.port, server.url());
    work.git(["remote", "set-url", "origin", &url]);

    refuses_and_accepts(&work, &server, &door);
}

#[test]
fn over_http() {
    let env = TestEnv::new();
    let (work, server) = env.shop();
    server.git(["config", "http.receivepack", "true"]);
    let door = http(&env);
    let url = format!("http://127.0.0.1:{}/git/server.git", door.port);
    work.git(["remote", "set-url", "origin", &url]);

    refuses_and_accepts(&work, &server, &door);
}

fn refuses_and_accepts(work: &Repo<'_>, server: &Server<'_>, door: &Door) {
    let before = server.tip(STAGING);
    let key = live_key(1);
    work.switch("staging");
    work.commit_file("config/staging.yml", payments(&key));

    let push = work.push(["staging"]);

    assert!(
        push.stderr.contains("pre-receive hook declined"),
        "{}\n--- server\n{}",
        push.stderr,
        door.log()
    );
    push.refused()
        .says("stripe-secret-key")
        .says("config/staging.yml:2")
        .says("sandbox key")
        .hides(&key);
    assert!(
        push.stderr
            .lines()
            .any(|line| line.starts_with("remote: ") && line.contains("config/staging.yml:2"))
    );
    assert_eq!(server.gate_said(), Some(1));
    assert_eq!(server.tip(STAGING), before, "the ref moved");

    work.write("config/staging.yml", payments(&test_key(1)));
    work.stage();
    work.git(["commit", "-q", "--amend", "-m", "Sandbox"]);
    work.push(["staging"]).succeeded();
    assert_eq!(server.gate_said(), Some(0));
    assert_eq!(server.tip(STAGING), Some(work.tip("HEAD")));
    assert!(
        !door.log().contains(&key),
        "the server's log shows the value"
    );
}

/// A running server; it ends with the test, also with a failed one.
struct Door {
    child: Child,
    port: u16,
    /// How git reaches it: the ssh command line.
    client: String,
    log: PathBuf,
}

impl Door {
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server on a free port of loopback. Between finding a port and taking it somebody else may take it: then
/// the server ends, and another port is tried.
fn start(log: &Path, configure: impl Fn(u16) -> (Command, String)) -> Door {
    for _ in 0..5 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let (mut command, client) = configure(port);
        let output = fs::File::create(log).expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a log"))
            .stderr(output)
            .spawn()
            .expect("the server starts");
        let mut door = Door {
            child,
            port,
            client,
            log: log.to_owned(),
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Ok(Some(_)) = door.child.try_wait() {
                break;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return door;
            }
            sleep(Duration::from_millis(10));
        }
    }
    panic!(
        "the server does not listen: {}",
        fs::read_to_string(log).unwrap_or_default()
    );
}

/// Where a server's program is. Debian keeps servers where a user's PATH does not look.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH is set");
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: run tests/setup.sh first"))
}

/// Who runs the tests.
fn user() -> String {
    let id = run(Command::new("id").arg("-un"));
    id.succeeded();
    id.stdout.trim().to_owned()
}

/// A path as text.
fn text(path: &Path) -> String {
    path.to_str().expect("a plain name").to_owned()
}

/// An sshd of the current user with keys of its own.
fn ssh(env: &TestEnv) -> Door {
    let sshd = program("sshd");
    let ssh = text(&program("ssh"));
    let keygen = program("ssh-keygen");
    for name in ["host", "client"] {
        run(Command::new(&keygen)
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(env.path(name)))
        .succeeded();
    }
    fs::copy(env.path("client.pub"), env.path("authorized")).expect("the client's key");
    // An sshd that root starts separates its privileges in a folder that only a service manager would have made.
    if user() == "root" {
        fs::create_dir_all("/run/sshd").expect("/run/sshd");
    }
    let mut variables = String::new();
    for (name, value) in env.environment() {
        let value = value.to_str().expect("a plain value");
        variables.push_str(&format!(" \"{name}={value}\""));
    }
    let root = text(&env.path(""));
    start(&env.path("sshd.log"), |port| {
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\n\
             HostKey {root}host\n\
             PidFile none\n\
             AuthorizedKeysFile {root}authorized\n\
             PubkeyAuthentication yes\n\
             PasswordAuthentication no\n\
             KbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\n\
             StrictModes no\n\
             UsePAM no\n\
             SetEnv{variables}\n"
        );
        let config = env.file("sshd_config", config);
        let host = fs::read_to_string(env.path("host.pub")).expect("the server's key");
        env.file("known", format!("[127.0.0.1]:{port} {host}"));
        let mut command = Command::new(&sshd);
        command.arg("-D").arg("-e").arg("-f").arg(config);
        let client = format!(
            "'{ssh}' -F /dev/null -i '{root}client' -o IdentitiesOnly=yes -o BatchMode=yes \
             -o StrictHostKeyChecking=yes -o 'UserKnownHostsFile={root}known'"
        );
        (command, client)
    })
}

/// A lighttpd that hands everything below `/git/` to git's own http-backend.
fn http(env: &TestEnv) -> Door {
    let lighttpd = program("lighttpd");
    let exec_path = run(env.command("git", &env.path("home")).arg("--exec-path"));
    exec_path.succeeded();
    let backend = Path::new(exec_path.stdout.trim()).join("git-http-backend");
    assert!(backend.is_file(), "git was built without its http-backend");
    let mut variables = String::new();
    for (name, value) in env.environment() {
        let value = value.to_str().expect("a plain value");
        variables.push_str(&format!("  \"{name}\" => \"{value}\",\n"));
    }
    let root = text(&env.path(""));
    start(&env.path("lighttpd.log"), |port| {
        let config = format!(
            "server.modules = ( \"mod_alias\", \"mod_setenv\", \"mod_cgi\" )\n\
             server.bind = \"127.0.0.1\"\n\
             server.port = {port}\n\
             server.document-root = \"{root}home\"\n\
             server.upload-dirs = ( \"{root}\" )\n\
             server.errorlog = \"{root}lighttpd.log\"\n\
             alias.url = ( \"/git\" => \"{}\" )\n\
             $HTTP[\"url\"] =~ \"^/git/\" {{\n\
             cgi.assign = ( \"\" => \"\" )\n\
             setenv.set-environment = (\n{variables}  \"GIT_PROJECT_ROOT\" => \"{root}\",\n  \"GIT_HTTP_EXPORT_ALL\" => \"1\" )\n\
             }}\n",
            text(&backend)
        );
        let config = env.file("lighttpd.conf", config);
        let mut command = Command::new(&lighttpd);
        command.arg("-D").arg("-f").arg(config);
        (command, String::new())
    })
}
