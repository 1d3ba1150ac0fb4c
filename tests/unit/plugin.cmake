# SPDX-License-Identifier: Apache-2.0
# Those parts of the plugin that need no broker.
eese_unit_test(plugin-scan
	SOURCES plugin_scan.c core_support.c ${PROJECT_SOURCE_DIR}/plugin/scan.c
	LIBS eese-core)
