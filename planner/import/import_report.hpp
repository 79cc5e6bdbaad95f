// What an import understood: every value that was taken, and every one that was not, with the
// reason. A prediction from a misread configuration looks as sound as any other.
#pragma once

#include <string>
#include <vector>

namespace reckon {

// `key` of the imported file with the `given` value became `value` of our `field`. Where the file
// has no such key, `given` is "absent" and the value is the default of its format.
struct Interpreted {
  std::string key;
  std::string given;
  std::string field;
  std::string value;
  bool operator==(const Interpreted&) const = default;
};

struct Ignored {
  std::string key;
  std::string given;
  std::string reason;
  bool operator==(const Ignored&) const = default;
};

struct ImportReport {
  std::string format;  // "hf" or "megatron"
  std::string file;
  std::string carrier;  // hf: the model type; megatron: script, yaml or log
  std::vector<Interpreted> interpreted;
  std::vector<Ignored> ignored;
  bool operator==(const ImportReport&) const = default;
};

inline constexpr const char* absent = "absent";

}  // namespace reckon
