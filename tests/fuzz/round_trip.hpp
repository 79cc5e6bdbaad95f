// What each reader of an input document promises for any bytes: a value or an InputError with
// problems, nothing else; and a value that is written reads again as the same text (numbers have 12
// digits by then).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "planner/spec/problems.hpp"

namespace reckon::fuzz {

inline void require(bool is_so) {
  if (!is_so) std::abort();
}

template <class T>
void round_trip(const std::uint8_t* data, std::size_t size,
                T (*read)(std::string_view, const std::string&), std::string (*write)(const T&)) {
  T value;
  try {
    value = read(std::string(data, data + size), "fuzz.json");
  } catch (const InputError& error) {
    require(!error.problems.empty());
    for (const Problem& problem : error.problems) {
      require(problem.file == "fuzz.json" && problem.line > 0 && !problem.message.empty());
    }
    return;
  }
  const std::string text = write(value);
  const T again = read(text, "again.json");  // an InputError here is a failure
  require(write(again) == text);
  require(read(write(again), "again.json") == again);
}

}  // namespace reckon::fuzz
