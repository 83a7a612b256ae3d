//! The service models, and the validation of requests against them.
//!
//! The models are those of botocore (`crates/local-aws/models`), cut down to what is answered here. The world
//! checks what no model can say; everything that a model does say is checked here, before the world sees a request.
//!
//! ```text
//! shape      the model as read from its file: operations, shapes, constraints
//! validate   an input against a shape: all violations at once, in the words of AWS
//! ```

mod shape;
mod validate;

pub use self::shape::{Kind, Model, OperationModel, Shape};
pub use self::validate::{Checked, Fault, Violation};

#[cfg(test)]
mod tests;
