// The models, clusters, devices, plans and topologies that are shipped, and files of the user's
// own: from a name or a path to a value. The only place where input files are opened.
#pragma once

#include <string>
#include <vector>

#include "planner/document_kind.hpp"
#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

// The names of the documents of a kind below `data_dir`, sorted; empty if there is no such folder.
std::vector<std::string> shipped_names(const std::string& data_dir, DocumentKind kind);

// The file of a document ('_' in a name is taken for '-'): `name_or_path` itself if it holds a '/'
// or ends in ".json", else the file that is shipped under this name ("deepseek-v3":
// DATA_DIR/planner/models/deepseek-v3.json). Throws InputError for an unknown name, with the
// nearest and with all names there are.
std::string find_document(const std::string& data_dir, DocumentKind kind,
                          const std::string& name_or_path);

// All of a file. Throws InputError if it is missing, a folder, unreadable, empty or above 64 MiB.
std::string read_text_file(const std::string& path);

// The files of measurements that are shipped for a device (topologies/measured/NAME), sorted; none
// for a device file of the user's own.
std::vector<std::string> shipped_measurements(const std::string& data_dir,
                                              const std::string& device_name);

// Each throws InputError with every problem of the file.
ModelSpec load_model(const std::string& data_dir, const std::string& name_or_path);
ClusterSpec load_cluster(const std::string& data_dir, const std::string& name_or_path);
DeviceProfile load_device(const std::string& data_dir, const std::string& name_or_path);
Plan load_plan(const std::string& data_dir, const std::string& name_or_path);

}  // namespace reckon
