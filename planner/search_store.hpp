// What a search has simulated, in a file (SQLite) that a later search goes on from.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "planner/search/search.hpp"

struct sqlite3;

namespace reckon {

class SearchStore {
 public:
  // Opens or makes the file. Throws InputError if it is cut short or broken, no such file, or of a
  // search with another fingerprint: it is read whole or not at all.
  SearchStore(const std::string& path, const std::string& fingerprint);

  std::size_t size() const { return known_.size(); }

  // A scorer that looks here first, and keeps here what it had to simulate. Refers to the store.
  ScorePlans remembering(ScorePlans scorer);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  void run(const char* statement);
  void prepare(const std::string& fingerprint, bool is_new);
  void read();
  void keep(const std::vector<std::uint64_t>& numbers, const std::vector<Score>& scores);

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::uint64_t, Score> known_;
};

}  // namespace reckon
