//! Named queries: statements that are kept under a name.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Athena, PRIMARY, USUAL_PAGE, answer_page, invalid, text};
use crate::world::context::{ApiError, Ids};

/// A named query, under its id. Names need not be unique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NamedQuery {
    pub(super) workgroup: String,
    /// The request that made it.
    asked: Value,
    name: String,
    description: Option<String>,
    statement: String,
}

impl NamedQuery {
    fn describe(&self, id: &str) -> Value {
        let mut described = json!({
            "NamedQueryId": id,
            "Name": self.name,
            "Database": self.asked["Database"],
            "QueryString": self.statement,
            "WorkGroup": self.workgroup,
        });
        if let Some(description) = &self.description {
            described["Description"] = json!(description);
        }
        described
    }
}

impl Athena {
    pub(super) fn create_named(&mut self, input: &Value, ids: &mut Ids) -> Result<Value, ApiError> {
        if let Some(token) = input["ClientRequestToken"].as_str()
            && let Some((id, first)) =
                self.named.iter().find(|(_, known)| known.asked["ClientRequestToken"] == token)
        {
            if first.asked != *input {
                return Err(invalid("Idempotent parameters do not match"));
            }
            return Ok(json!({"NamedQueryId": id}));
        }
        let workgroup = input["WorkGroup"].as_str().unwrap_or(PRIMARY);
        self.workgroup(workgroup)?;
        let id = ids.uuid();
        let query = NamedQuery {
            workgroup: workgroup.to_owned(),
            name: text(input, "Name"),
            description: input["Description"].as_str().map(str::to_owned),
            statement: text(input, "QueryString"),
            asked: input.clone(),
        };
        self.named.insert(id.clone(), query);
        Ok(json!({"NamedQueryId": id}))
    }

    pub(super) fn get_named(&self, input: &Value) -> Result<Value, ApiError> {
        let id = text(input, "NamedQueryId");
        let query = self.named.get(&id).ok_or_else(|| not_found(&id))?;
        Ok(json!({"NamedQuery": query.describe(&id)}))
    }

    pub(super) fn batch_get_named(&self, input: &Value) -> Value {
        let asked = input["NamedQueryIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for id in asked {
            match self.named.get(id) {
                Some(query) => found.push(query.describe(id)),
                None => missing.push(json!({
                    "NamedQueryId": id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": not_found(id).message,
                })),
            }
        }
        json!({"NamedQueries": found, "UnprocessedNamedQueryIds": missing})
    }

    pub(super) fn list_named(&self, input: &Value) -> Result<Value, ApiError> {
        let workgroup = input["WorkGroup"].as_str().unwrap_or(PRIMARY);
        self.workgroup(workgroup)?;
        let listed = self.named.iter().filter(|(_, query)| query.workgroup == workgroup);
        let ids: Vec<String> = listed.map(|(id, _)| id.clone()).collect();
        answer_page("NamedQueryIds", ids, input, USUAL_PAGE, String::clone, |id| json!(id))
    }

    pub(super) fn update_named(&mut self, input: &Value) -> Result<Value, ApiError> {
        let id = text(input, "NamedQueryId");
        let query = self.named.get_mut(&id).ok_or_else(|| not_found(&id))?;
        query.name = text(input, "Name");
        query.statement = text(input, "QueryString");
        if let Some(description) = input["Description"].as_str() {
            query.description = Some(description.to_owned());
        }
        Ok(json!({}))
    }

    pub(super) fn delete_named(&mut self, input: &Value) -> Result<Value, ApiError> {
        let id = text(input, "NamedQueryId");
        self.named.remove(&id).map(|_| json!({})).ok_or_else(|| not_found(&id))
    }
}

fn not_found(id: &str) -> ApiError {
    invalid(format!("NamedQuery {id} was not found"))
}
