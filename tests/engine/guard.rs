//! When much goes away at once.

use crosstie::control::{Command, PairState};
use crosstie::mapping::Delete;
use crosstie::standin::bitrix24::Entity;

use crate::harness::{Bench, Plan};

fn many() -> Plan {
    Plan { office: (16, 0, 16, 0), ..Plan::default() }
}

fn propagating() -> Plan {
    Plan { pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.delete = Delete::Propagate), ..many() }
}

#[tokio::test(start_paused = true)]
async fn many_pages_trashed_at_once_stop_the_pair_before_anything_follows_them() {
    let bench = Bench::settled(propagating()).await;
    for page in bench.pages("contacts").into_iter().take(13) {
        bench.trash_page(&page);
    }
    bench.pass(3700).await;
    assert_eq!(bench.ids(Entity::Contact).len(), 16, "contacts were deleted without asking");
    assert!(matches!(bench.state("contacts"), PairState::Guarded { .. }), "{:?}", bench.state("contacts"));
}

#[tokio::test(start_paused = true)]
async fn many_contacts_deleted_at_once_stop_the_pair_and_an_override_lets_that_plan_happen() {
    let bench = Bench::settled(many()).await;
    for contact in bench.ids(Entity::Contact).into_iter().take(13) {
        bench.delete_crm(Entity::Contact, &contact);
    }
    bench
        .until("the pair is guarded", 3800, async || matches!(bench.state("contacts"), PairState::Guarded { .. }))
        .await;
    assert_eq!(bench.claims().await.ties.len(), 16);
    let PairState::Guarded { plan, .. } = bench.state("contacts") else { panic!("released") };
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    bench.until("the ties end", 60, async || bench.claims().await.ties.len() == 3).await;
    bench.pass(3).await;
    assert_eq!(bench.state("contacts"), PairState::Running);
    assert_eq!(bench.pages("contacts").len(), 16, "untied pages stay");
    assert_eq!(bench.claims().await.orphans.len(), 13);
}
