//! The events of a ledger, as far as this version knows them.
//!
//! An event counts as known only as a whole. A type, a variant or a field in it that this version does not know makes
//! it unknown, wherever it is nested: it would be dropped when the event is written again.

use emrys_core::record::Recorded;
use serde::Deserialize;
use serde_json::Value;

use crate::ledger_error::UnknownEvent;

/// As much of an event as every reader understands.
#[derive(Debug, Deserialize)]
struct Head {
    seq: u64,
    event: Kind,
}

#[derive(Debug, Deserialize)]
struct Kind {
    r#type: String,
}

/// The events up to the first that is unknown, and that one. What is no event at all is an error.
pub(super) fn read(events: Vec<Value>) -> Result<(Vec<Recorded>, Option<UnknownEvent>), serde_json::Error> {
    let mut known = Vec::with_capacity(events.len());
    for event in events {
        let head = Head::deserialize(&event)?;
        match Recorded::deserialize(&event) {
            Ok(recorded) if is_whole(&event, &serde_json::to_value(&recorded)?) => known.push(recorded),
            Ok(_) | Err(_) => {
                return Ok((known, Some(UnknownEvent { seq: head.seq, kind: head.event.r#type })));
            }
        }
    }
    Ok((known, None))
}

/// Whether everything that was read would be written again. A field that is null is as good as one that is not there.
fn is_whole(read: &Value, written: &Value) -> bool {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => read.iter().all(|(name, value)| {
            written.get(name).map_or(value.is_null(), |written| is_whole(value, written))
        }),
        (Value::Array(read), Value::Array(written)) => {
            read.len() == written.len()
                && read.iter().zip(written).all(|(read, written)| is_whole(read, written))
        }
        (read, written) => read == written,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn events(more: &[Value]) -> Vec<Value> {
        let opened = json!({"type": "opened", "ledger": "1d"});
        let numbered = [opened].into_iter().chain(more.iter().cloned()).zip(1..);
        let recorded =
            |(event, seq)| json!({"seq": seq, "at": "2024-10-21T03:00:00Z", "fence": 1, "event": event});
        numbered.map(recorded).collect()
    }

    fn unknown(event: Value) -> Option<(u64, String)> {
        let (known, unknown) = read(events(&[event, json!({"type": "guard_lost"})])).unwrap();
        assert_eq!(known.len(), if unknown.is_some() { 1 } else { 3 });
        unknown.map(|unknown| (unknown.seq, unknown.kind))
    }

    #[test]
    fn an_event_is_known_as_a_whole_or_not_at_all() {
        let intent = |more: Value| {
            let mut event = json!({"type": "launch_intended", "attempt": 1, "nonce": "n"});
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event
        };
        for known in [
            intent(json!({})),
            json!({"type": "publish_intended", "attempt": 1, "database": "logs", "by": null}),
            json!({"type": "cluster_state_changed", "state": "A_STATE_OF_EMR_THAT_IS_NEW"}),
        ] {
            assert_eq!(unknown(known.clone()), None, "{known}");
        }
        for new in [
            json!({"type": "notification_intended", "id": "n-1"}),
            intent(json!({"price": 1.5})),
            intent(json!({"choice": {"turn": 1, "on_demand": false, "region": "x"}})),
            json!({"type": "action_finished", "effect": {"type": "notified"}}),
            json!({"type": "action_finished", "effect": {"type": "launched", "cluster": "j-1", "arch": "arm"}}),
            json!({"type": "closed", "outcome": "postponed"}),
        ] {
            assert_eq!(unknown(new.clone()), Some((2, new["type"].as_str().unwrap().to_owned())), "{new}");
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for garbage in [json!(5), json!({"seq": 1}), json!({"seq": 1, "event": {"kind": "opened"}})] {
            read(vec![garbage]).unwrap_err();
        }
    }
}
