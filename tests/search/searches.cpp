#include "tests/search/searches.hpp"

#include <stdexcept>

#include "planner/catalog.hpp"
#include "tests/sim/cases.hpp"

namespace reckon::test {

SearchCase shipped_search(const std::string& model, const std::string& cluster, int batch,
                          int sequence_length) {
  SearchCase made;
  Inputs& in = made.inputs;
  in.model = load_model(RECKON_DATA_DIR, model);
  in.cluster = load_cluster(RECKON_DATA_DIR, cluster);
  in.device = load_device(RECKON_DATA_DIR, in.cluster.device);
  in.plan.batch = {batch, 1, sequence_length};
  made.space = whole_space(in.model, in.cluster, in.device, in.plan.batch);
  made.limits.tokens = 1e12;
  return made;
}

SearchCase small_search(bool moe) {
  SearchCase made;
  Inputs& in = made.inputs;
  in.model = moe ? small_moe_model(9) : small_dense_model(8);
  if (moe) in.model.mtp_modules = 1;
  in.cluster = round_cluster(2);
  in.device = round_device();
  in.plan.batch = {64, 1, 512};
  made.space = whole_space(in.model, in.cluster, in.device, in.plan.batch);
  made.limits.tokens = 1e9;
  return made;
}

void fix(SearchCase& given, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const auto axis = enum_from_name<Axis>(word.substr(0, equals));
    if (!axis) throw std::invalid_argument(word);
    std::vector<std::string> values;
    std::string rest = word.substr(equals + 1) + ",";
    for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
      values.push_back(rest.substr(0, comma));
      rest.erase(0, comma + 1);
    }
    const std::vector<std::string> problems = fix_axis(given.space, *axis, values);
    if (!problems.empty()) throw std::invalid_argument(problems.front());
  }
}

Found enumerated(const SearchCase& given) {
  const SearchCosts costs = search_costs(given.inputs);
  PlanBounds bounds(given.inputs.model, given.space, costs, given.inputs.plan);
  Found found;
  EnumerateCalls calls;
  calls.keep = [&found](const Candidate& candidate) { found.kept.push_back(candidate); };
  const SearchProblem problem = given.problem();
  for (const std::uint64_t piece : pieces_of(problem)) {
    found.counts += enumerate(problem, bounds, piece, Look::whole, calls);
  }
  return found;
}

SearchResult searched(const SearchCase& given, const SearchOptions& options,
                      std::size_t thread_count) {
  const SearchProblem problem = given.problem();
  const Workers workers = threads(thread_count);
  return search(problem, search_costs(given.inputs), plan_scorer(problem, workers), options,
                workers, {});
}

}  // namespace reckon::test
