// Records of published runs from JSON.
#pragma once

#include <vector>

#include "planner/spec/json_document.hpp"
#include "planner/spec/published_run.hpp"

namespace reckon {

// A list of records, or an object whose "records" or "runs" is one. A value of the wrong type or a
// missing field that every record needs is a problem of its record alone (read_problems), so that
// one bad record does not hide the others; keys that act on no prediction are skipped. Throws
// InputError if there is no list.
std::vector<PublishedRun> read_published_runs(const Document& document);

}  // namespace reckon
