//! A link that was a mistake is taken back: the tie ends, nothing is written, and nothing links the two again by itself.

use crosstie::control::{Command, Reply};
use crosstie::model::{Event, Happening, OrphanWhy, RecordId, RecordRef, Side, Verdict};

use crate::harness::{Bench, Plan};

/// Two contacts that share their e-mail address, and so were tied, with the line that says so.
async fn tied() -> (Bench, String, String, Event) {
    let bench = Bench::settled(Plan::default()).await;
    let tie = bench.claims().await.ties.into_iter().find(|tie| tie.pair.as_str() == "contacts").unwrap();
    let lines = bench.journal(Happening::Tied).await;
    let line = lines
        .into_iter()
        .rfind(|event| event.pair.as_ref() == Some(&tie.pair) && event.crm.as_ref() == Some(&tie.crm))
        .unwrap();
    bench.forget_calls();
    (bench, tie.crm.to_string(), tie.notion.to_string(), line)
}

fn take_back(line: &Event) -> Command {
    Command::Undo { event: line.seq, both: false }
}

async fn whys(bench: &Bench, crm: &str, notion: &str) -> Vec<(Side, OrphanWhy)> {
    let ours = |record: &RecordRef| record.id.as_str() == if record.side == Side::Crm { crm } else { notion };
    let orphans = bench.claims().await.orphans.into_iter().filter(|orphan| ours(&orphan.record));
    let mut whys: Vec<(Side, OrphanWhy)> = orphans.map(|orphan| (orphan.record.side, orphan.why)).collect();
    whys.sort_by_key(|(side, _)| *side);
    whys
}

#[tokio::test(start_paused = true)]
async fn a_tie_that_was_taken_back_writes_nothing_and_both_wait_for_a_person_for_good() {
    let (mut bench, crm, notion, line) = tied().await;
    bench.done(take_back(&line)).await;
    let parted = |from: &str| OrphanWhy::Parted { from: RecordId::from(from) };
    let waiting = vec![(Side::Crm, parted(&notion)), (Side::Notion, parted(&crm))];
    bench.until("both wait", 60, async || whys(&bench, &crm, &notion).await == waiting).await;
    // Their marker and their address still say that they are the same; a person has said that they are not.
    bench.pass(2 * 3600).await;
    bench.crash().await;
    bench.start().await;
    bench.pass(2 * 3600).await;
    assert_eq!(whys(&bench, &crm, &notion).await, waiting);
    assert!(bench.creates().is_empty() && bench.page_of("contacts", &crm).await.is_none());
    let told = bench.journal(Happening::Untied).await;
    assert_eq!((told.len(), told[0].who.as_str()), (1, "anna"));
}

#[tokio::test(start_paused = true)]
async fn whoever_links_the_two_again_has_the_last_word() {
    let (bench, crm, notion, line) = tied().await;
    bench.done(take_back(&line)).await;
    bench.until("both wait", 60, async || whys(&bench, &crm, &notion).await.len() == 2).await;
    let link = Command::Link {
        pair: "contacts".into(),
        crm: crm.as_str().into(),
        notion: notion.as_str().into(),
        shown: None,
    };
    bench.done(link).await;
    bench.settle().await;
    assert_eq!(bench.page_of("contacts", &crm).await.as_deref(), Some(notion.as_str()));
    let decisions = bench.claims().await.decisions;
    assert!(decisions.iter().all(|it| !matches!(it.verdict, Verdict::Apart { .. })), "{decisions:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_tie_that_has_ended_already_is_not_taken_back() {
    let (bench, crm, notion, line) = tied().await;
    bench.done(take_back(&line)).await;
    bench.until("both wait", 60, async || whys(&bench, &crm, &notion).await.len() == 2).await;
    match bench.command(take_back(&line)).await {
        Reply::Refused { why } => assert!(why.contains("not tied any more"), "{why}"),
        other => panic!("{other:?}"),
    }
}
