//! Rows that make snapshots, within a frame and over several.

use std::collections::{BTreeMap, HashMap};

use feedline::Timestamp;
use feedline::venue::dxlink::{Change, Decoded, DxEvent, Emit, Mark, SnapshotKey, Snapshots};
use serde_json::{Value, json};

use super::{decode, samples};

type Row = (SnapshotKey, Mark, Change<DxEvent>);

fn rows(decoded: Vec<Decoded>) -> impl Iterator<Item = (String, Row)> {
    decoded
        .into_iter()
        .filter_map(Decoded::into_row)
        .map(|row| {
            let key = &row.0;
            (
                format!("{}/{}/{}", key.event_type, key.symbol, key.source),
                row,
            )
        })
}

/// A frame that holds a whole snapshot.
pub(super) fn snapshot_of_one_frame(
    decoded: &[Decoded],
    key: &str,
    expected: &Value,
) -> Result<(), String> {
    let mut snapshots = Snapshots::default();
    let mut seen = Vec::new();
    for (name, (row_key, mark, change)) in rows(decoded.to_vec()) {
        snapshots.row(&row_key, mark, change, &mut |emit| {
            if name == key {
                seen.push(emit);
            }
        });
    }
    let mut indices = Vec::new();
    let mut times = Vec::new();
    for emit in seen.iter().rev() {
        if let Emit::Snapshot { index, event, .. } = emit {
            indices.push(*index);
            times.extend(event.time().map(Timestamp::as_millis));
        }
    }
    let begun = matches!(seen.first(), Some(Emit::SnapshotBegin { .. }));
    let ended = matches!(seen.last(), Some(Emit::SnapshotEnd { snipped: false }));
    let same = json!(indices) == expected["indices_desc"] || json!(times) == expected["times_desc"];
    match begun && ended && same {
        true => Ok(()),
        false => Err(format!("snapshot of {key} is {seen:?}")),
    }
}

/// What a consumer that applies everything has.
#[derive(Default)]
struct Consumer {
    snapshots: Snapshots<SnapshotKey, DxEvent>,
    books: HashMap<String, BTreeMap<i64, DxEvent>>,
    keys: HashMap<String, SnapshotKey>,
}

impl Consumer {
    /// What the rows of one frame give, in the shape of the samples.
    fn frame(&mut self, decoded: Vec<Decoded>) -> Vec<Value> {
        let mut emits = Vec::new();
        for (name, (key, mark, change)) in rows(decoded) {
            let book = self.books.entry(name.clone()).or_default();
            let mut seen = Vec::new();
            self.snapshots
                .row(&key, mark, change, &mut |emit| seen.push(emit));
            self.keys.insert(name.clone(), key);
            if seen.is_empty() {
                continue;
            }
            let (mut set, mut removed, mut snipped) = (Vec::new(), Vec::new(), None);
            for emit in seen {
                match emit {
                    Emit::SnapshotBegin { .. } => book.clear(),
                    Emit::Snapshot { index, event, .. } => drop(book.insert(index, event)),
                    Emit::SnapshotEnd { snipped: cut } => snipped = Some(cut),
                    Emit::Update { index, event, .. } => {
                        set.push(index);
                        book.insert(index, event);
                    }
                    Emit::Remove { index, .. } => {
                        removed.push(index);
                        book.remove(&index);
                    }
                    other => panic!("{other:?}"),
                }
            }
            let indices: Vec<i64> = book.keys().rev().copied().collect();
            emits.push(match snipped {
                Some(snipped) => json!({
                    "kind": "snapshot", "indices_desc": indices, "snipped": snipped, "key": name,
                }),
                None => json!({
                    "kind": "update", "upsert": set, "remove": removed, "indices_desc": indices,
                    "key": name,
                }),
            });
        }
        // The samples show the updates of one frame together.
        emits.dedup_by(|next, last| merge(last, next));
        emits
    }
}

fn merge(last: &mut Value, next: &Value) -> bool {
    let both = last["kind"] == "update" && next["kind"] == "update" && last["key"] == next["key"];
    if both {
        for list in ["upsert", "remove"] {
            let more = next[list].as_array().unwrap().clone();
            last[list].as_array_mut().unwrap().extend(more);
        }
        last["indices_desc"] = next["indices_desc"].clone();
    }
    both
}

#[test]
fn runs_of_frames_make_whole_snapshots() {
    let Some(samples) = samples() else { return };
    let mut runs: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample["seq"].is_object()) {
        let id = sample["seq"]["id"].as_str().unwrap().to_owned();
        runs.entry(id).or_default().push(sample);
    }
    assert!(!runs.is_empty(), "no runs in dxlink.jsonl");
    eprintln!("{} runs", runs.len());
    for (id, mut frames) in runs {
        frames.sort_by_key(|sample| sample["seq"]["n"].as_u64());
        assert_eq!(json!(frames.len()), frames[0]["seq"]["of"], "{id}");
        let mut consumer = Consumer::default();
        for sample in frames {
            let (name, expect) = (&sample["name"], &sample["expect"]);
            let emits = consumer.frame(decode(sample).unwrap());
            assert_eq!(json!(emits), expect["emits"], "{name}");
            for (key, pending) in expect["pending_after"].as_object().unwrap() {
                let held = consumer
                    .keys
                    .get(key)
                    .map(|key| consumer.snapshots.pending(key));
                assert_eq!(json!(held.unwrap_or(0)), *pending, "{name}");
            }
            for (key, state) in expect["state_after"].as_object().unwrap() {
                let book = consumer.books.get(key).into_iter().flatten();
                let mut indices: Vec<i64> = book.map(|(index, _)| *index).collect();
                indices.reverse();
                assert_eq!(json!(indices), *state, "{name}");
            }
        }
    }
}
