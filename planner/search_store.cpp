#include "planner/search_store.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

constexpr int application_id = 0x7265636b;  // "reck"

[[noreturn]] void fail(const std::string& path, const std::string& message) {
  throw InputError({{"--resume", 0, 0, "", printable(path, 200) + ": " + message}});
}

constexpr const char* broken =
    "is cut short or broken; nothing of it was read: give another file, or delete it and begin "
    "again";

// A statement and its rows.
class Query {
 public:
  Query(sqlite3* database, const char* text) {
    status_ = sqlite3_prepare_v2(database, text, -1, &statement_, nullptr);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { sqlite3_finalize(statement_); }

  bool is_good() const { return status_ == SQLITE_OK; }
  // SQLITE_ROW, SQLITE_DONE or an error.
  int step() { return is_good() ? sqlite3_step(statement_) : status_; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  std::string text(int column) const {
    const auto* const letters = sqlite3_column_text(statement_, column);
    return letters == nullptr ? "" : reinterpret_cast<const char*>(letters);
  }
  sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int status_ = SQLITE_OK;
};

// The one value of a statement; empty if there is none.
std::string value_of(sqlite3* database, const char* text) {
  Query query(database, text);
  return query.step() == SQLITE_ROW ? query.text(0) : "";
}

}  // namespace

void SearchStore::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

SearchStore::SearchStore(const std::string& path, const std::string& fingerprint) : path_(path) {
  std::error_code error;
  const bool is_new = !std::filesystem::exists(path, error);
  if (!is_new && !std::filesystem::is_regular_file(path, error)) fail(path, "is no file");
  if (!is_new && std::filesystem::file_size(path, error) == 0) fail(path, broken);
  sqlite3* opened = nullptr;
  const int status =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_.reset(opened);
  if (status != SQLITE_OK) fail(path, std::string("cannot be opened: ") + sqlite3_errstr(status));
  sqlite3_busy_timeout(opened, 10'000);
  prepare(fingerprint, is_new);
  read();
}

void SearchStore::run(const char* statement) {
  if (sqlite3_exec(database_.get(), statement, nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(path_, std::string("cannot be written: ") + sqlite3_errmsg(database_.get()));
  }
}

void SearchStore::prepare(const std::string& fingerprint, bool is_new) {
  sqlite3* const database = database_.get();
  if (is_new) {
    run("BEGIN");
    run(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
    run("CREATE TABLE search (fingerprint TEXT NOT NULL)");
    run("CREATE TABLE scores (number INTEGER PRIMARY KEY, step_ps INTEGER NOT NULL, "
        "memory_bytes REAL NOT NULL)");
    run(("INSERT INTO search VALUES ('" + fingerprint + "')").c_str());  // hexadecimal digits
    run("COMMIT");
    return;
  }
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path_, error);
  const std::string page = value_of(database, "PRAGMA page_size");
  const bool is_whole = !error && !page.empty() && size % std::stoul(page) == 0;
  if (!is_whole || value_of(database, "PRAGMA integrity_check") != "ok") fail(path_, broken);
  if (value_of(database, "PRAGMA application_id") != std::to_string(application_id)) {
    fail(path_, "is no file of reckon plan --resume");
  }
  if (value_of(database, "SELECT fingerprint FROM search") != fingerprint) {
    fail(path_,
         "is of another search: model, cluster, device, batch, --fix and --gpus must be the "
         "same; give another file");
  }
}

void SearchStore::read() {
  Query query(database_.get(), "SELECT number, step_ps, memory_bytes FROM scores");
  int status = query.step();
  for (; status == SQLITE_ROW; status = query.step()) {
    known_[static_cast<std::uint64_t>(query.integer(0))] = {query.integer(1), query.real(2)};
  }
  if (status != SQLITE_DONE) fail(path_, broken);
}

void SearchStore::keep(const std::vector<std::uint64_t>& numbers,
                       const std::vector<Score>& scores) {
  run("BEGIN");
  Query query(database_.get(), "INSERT OR REPLACE INTO scores VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    sqlite3_bind_int64(query.get(), 1, static_cast<sqlite3_int64>(numbers[i]));
    sqlite3_bind_int64(query.get(), 2, scores[i].step);
    sqlite3_bind_double(query.get(), 3, scores[i].memory_bytes);
    if (query.step() != SQLITE_DONE) {
      fail(path_, std::string("cannot be written: ") + sqlite3_errmsg(database_.get()));
    }
    sqlite3_reset(query.get());
  }
  run("COMMIT");
}

ScorePlans SearchStore::remembering(ScorePlans scorer) {
  return [this, scorer = std::move(scorer)](const std::vector<std::uint64_t>& numbers) {
    std::vector<std::uint64_t> missing;
    for (const std::uint64_t number : numbers) {
      if (known_.count(number) == 0) missing.push_back(number);
    }
    if (!missing.empty()) {
      const std::vector<Score> scores = scorer(missing);
      for (std::size_t i = 0; i < missing.size(); ++i) known_[missing[i]] = scores[i];
      keep(missing, scores);
    }
    std::vector<Score> result;
    for (const std::uint64_t number : numbers) result.push_back(known_.at(number));
    return result;
  };
}

}  // namespace reckon
