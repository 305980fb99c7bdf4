//! A recorded request and its answer, as they went over the wire.
