# The optimized build: link-time optimization, and what a training run counted. `make optimized` does all of it;
# docs/decisions/0031-optimized-build.md says why.
option(TROUPE_LTO "Link-time optimization" OFF)
set(TROUPE_PROFILE "" CACHE STRING "generate: count while it runs; use: optimize by the counts beside the objects; or empty")
set_property(CACHE TROUPE_PROFILE PROPERTY STRINGS "" generate use)

if(TROUPE_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT lto OUTPUT why LANGUAGES C)
  if(NOT lto)
    message(FATAL_ERROR "TROUPE_LTO: this compiler and its linker cannot (clang needs lld or LLVMgold). They say:\n${why}")
  endif()
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Across files gcc sees that tr_as_object gives NULL for an object of another class, and takes what is done with ours
    # for a use of that.
    target_link_options(troupe_flags INTERFACE -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endif()

if(NOT TROUPE_PROFILE STREQUAL "" AND NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
  message(FATAL_ERROR "TROUPE_PROFILE is for gcc, this is ${CMAKE_C_COMPILER_ID}: use gcc (CC=gcc, in a fresh build folder) "
    "or leave it empty. Without a profile: cmake --preset release")
endif()
if(TROUPE_PROFILE STREQUAL "generate")
  # Many threads count at once.
  set(profile -fprofile-generate -fprofile-update=atomic)
elseif(TROUPE_PROFILE STREQUAL "use")
  # What was not trained is still optimized for speed. Threads that run while the counts are written leave them a little
  # uneven (correction). Code that has changed since is built without its counts, and the compiler says so.
  set(profile -fprofile-use -fprofile-correction -fprofile-partial-training -Wno-missing-profile
    -Wno-error=coverage-mismatch)
  if(NOT EXISTS ${PROJECT_BINARY_DIR}/trained)
    message(STATUS "No profile is in ${PROJECT_BINARY_DIR}; `make optimized` makes one")
  endif()
elseif(NOT TROUPE_PROFILE STREQUAL "")
  message(FATAL_ERROR "TROUPE_PROFILE is generate, use or empty, not '${TROUPE_PROFILE}'")
endif()
target_compile_options(troupe_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:${profile}>)
target_link_options(troupe_flags INTERFACE ${profile})
