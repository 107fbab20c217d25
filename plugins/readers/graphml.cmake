find_package(pugixml REQUIRED)
target_link_libraries(${target} PRIVATE pugixml::pugixml)
