// The repository's own files as text, for tests that read the code instead of running it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reckon::architecture {

struct SourceFile {
  std::string path;  // from the repository root, with '/'
  std::string text;
};

// Every file below the project's folders whose name ends in one of `endings`, sorted by path.
std::vector<SourceFile> read_tree(const std::vector<std::string>& endings);

std::vector<std::string> lines_of(std::string_view text);

// One problem a line, for failure messages.
std::string join(const std::vector<std::string>& problems);

}  // namespace reckon::architecture
