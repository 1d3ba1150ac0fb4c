# SPDX-License-Identifier: Apache-2.0
# Those parts of the plugin that need no broker.
eese_unit_test(plugin-scan
	SOURCES plugin_scan.c core_support.c ${PROJECT_SOURCE_DIR}/plugin/scan.c
	LIBS eese-core)
foreach(part emks_answer emks_pause)
	eese_unit_test(plugin-${part} SOURCES plugin_${part}.c core_support.c LIBS eese-emks-client)
endforeach()
