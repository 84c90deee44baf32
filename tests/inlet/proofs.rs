//! What calls are proven with is asked of the sealed secrets seldom, where nobody waits for them, and kept to the end.

use std::any::Any;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use async_trait::async_trait;
use crosstie::inlet::{Drawer, Kept, Limits};
use crosstie::model::Revealed;
use crosstie::remote::webhook::Installs;
use crosstie::seam::{Request, Secrets, SecretsError};
use crosstie::store::Vault;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

use crate::office::{Bench, NOTION, PAGE, PORTAL, TOKEN, event, signature};

const BOUND: Duration = Duration::from_secs(20);

/// Sealed secrets that count how often they are opened, and of which somebody may be in the way.
struct Counted {
    vault: Vault,
    opened: AtomicU32,
    /// Each opening waits for leave from there.
    gate: Mutex<Option<Receiver<()>>>,
}

impl Counted {
    fn new(home: &tempfile::TempDir) -> Arc<Self> {
        let vault = Vault::new(home.path(), None);
        Arc::new(Self { vault, opened: AtomicU32::new(0), gate: Mutex::default() })
    }

    /// From now on nobody gets them open who has no leave.
    fn shut(&self) -> Sender<()> {
        let (leave, gate) = channel();
        *self.gate.lock().unwrap() = Some(gate);
        leave
    }

    fn open(&self) {
        self.opened.fetch_add(1, Ordering::SeqCst);
        if let Some(gate) = &*self.gate.lock().unwrap() {
            // In the end it opens by itself, so that a test fails and does not hang.
            let _ = gate.recv_timeout(BOUND);
        }
    }

    fn opened(&self) -> u32 {
        self.opened.swap(0, Ordering::SeqCst)
    }
}

impl Secrets for Counted {
    fn get(&self, name: &str) -> Result<Option<Revealed>, SecretsError> {
        self.open();
        self.vault.get(name)
    }
    fn put(&self, name: &str, secret: &Revealed) -> Result<(), SecretsError> {
        self.open();
        self.vault.put(name, secret)
    }
    fn forget(&self, name: &str) -> Result<bool, SecretsError> {
        self.vault.forget(name)
    }
    fn names(&self) -> Result<Vec<String>, SecretsError> {
        self.vault.names()
    }
    fn claim(&self) -> Result<Option<Box<dyn Any + Send>>, SecretsError> {
        self.vault.claim()
    }
}

/// One whose workspace's token works, or may, over secrets that count.
async fn with_token(proven: bool) -> (Bench, Arc<Counted>) {
    let home = tempfile::tempdir().unwrap();
    let secrets = Counted::new(&home);
    let kept = Kept { secret: Revealed::new(TOKEN), proven };
    Drawer::new(secrets.clone(), "token").keep(&kept).unwrap();
    let bench = Bench::over(home, secrets.clone(), None, Limits::default(), 99).await;
    secrets.opened();
    (bench, secrets)
}

fn sends(token: &str) -> String {
    format!(r#"{{"verification_token":"{token}"}}"#)
}

#[tokio::test]
async fn whoever_sends_tokens_opens_the_secrets_five_times_a_minute_at_most() {
    let (bench, secrets) = with_token(true).await;
    for number in 0..40 {
        assert_eq!(bench.post(NOTION, &[], &sends(&format!("secret_{number}"))).await.status, 401);
    }
    assert_eq!(secrets.opened(), 5);
    // The one that works stays, and what it proves needs no look.
    assert_eq!(bench.signed(&event("e1", "page.created", PAGE)).await.status, 200);
    assert_eq!(secrets.opened(), 0);
}

#[tokio::test]
async fn secrets_that_take_their_time_keep_nobody_else_waiting() {
    let (bench, secrets) = with_token(true).await;
    let leave = secrets.shut();
    let address = bench.address;
    let sent = sends("secret_ofSomebodyElse");
    let slow = tokio::spawn(async move { crate::office::ask(address, "POST", NOTION, &[], &sent).await.status });
    while secrets.opened.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // On the one thread that there is, through the same door, and to whoever counts its calls.
    assert_eq!(bench.get("/healthz", &[]).await.status, 200);
    assert_eq!(bench.signed(&event("e1", "page.created", PAGE)).await.status, 200);
    assert_eq!(bench.get("/metrics", &[]).await.status, 200);
    assert!(!slow.is_finished(), "the secrets are still shut");
    leave.send(()).unwrap();
    assert_eq!(slow.await.unwrap(), 401);
}

#[tokio::test]
async fn a_token_that_stands_its_test_while_another_is_kept_stays() {
    let (bench, secrets) = with_token(false).await;
    let leave = secrets.shut();
    let (address, foreign) = (bench.address, sends("secret_ofSomebodyElse"));
    let other = tokio::spawn(async move { crate::office::ask(address, "POST", NOTION, &[], &foreign).await.status });
    while secrets.opened.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let body = event("e1", "page.created", PAGE);
    let signed = signature(TOKEN, &body);
    let first = tokio::spawn(async move {
        crate::office::ask(address, "POST", NOTION, &[("X-Notion-Signature", &signed)], &body).await.status
    });
    bench.told(1).await;
    for _ in 0..2 {
        leave.send(()).unwrap();
    }
    assert_eq!((other.await.unwrap(), first.await.unwrap()), (401, 200));
    drop(leave);
    let kept = bench.drawer.load().unwrap().unwrap();
    assert!(kept.proven && kept.secret.expose() == TOKEN);
    assert_eq!(bench.signed(&event("e2", "page.created", PAGE)).await.status, 200);
}

/// Takes an installation as soon as it may.
struct Slow {
    asked: Semaphore,
    may: Semaphore,
}

#[async_trait]
impl Installs for Slow {
    async fn install(&self, _call: &Request) -> Result<Revealed, String> {
        self.asked.add_permits(1);
        self.may.acquire().await.unwrap().forget();
        Ok(Revealed::new("theProofOfTheInstallation"))
    }
}

#[tokio::test]
async fn what_an_installation_brings_is_kept_though_the_caller_hangs_up() {
    let home = tempfile::tempdir().unwrap();
    let secrets = Arc::new(Vault::new(home.path(), None));
    let installs = Arc::new(Slow { asked: Semaphore::new(0), may: Semaphore::new(0) });
    let bench = Bench::over(home, secrets.clone(), Some(installs.clone()), Limits::default(), 99).await;
    let mut caller = bench.connect().await;
    let body = "event=ONAPPINSTALL";
    let head = format!("POST {PORTAL} HTTP/1.1\r\nHost: here\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    caller.write_all(head.as_bytes()).await.unwrap();
    installs.asked.acquire().await.unwrap().forget();
    drop(caller);
    // The listener has noticed: this place is free again.
    tokio::time::sleep(Duration::from_millis(200)).await;
    installs.may.add_permits(1);
    let kept = async {
        while Drawer::new(secrets.clone(), "application").load().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, kept).await.expect("the proof was not kept");
    let told = "event=ONCRMDEALUPDATE&data[FIELDS][ID]=7&auth[application_token]=theProofOfTheInstallation";
    assert_eq!(bench.post(PORTAL, &[], told).await.status, 200);
}
