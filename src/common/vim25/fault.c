/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "fault.h"

/* What a fault of one method means there. */
static const struct {
	const char *method;
	const char *type;
	enum err_code code;
} special[] = {
	/* the source is off, or its disk chain is full (KB 67186) */
	{ "InstantClone_Task", "InvalidState", ERR_CAPACITY },
	{ "InstantClone_Task", "InvalidPowerState", ERR_CAPACITY },
	{ "InstantClone_Task", "SystemError", ERR_CAPACITY },
};

static const struct {
	const char *type;
	enum err_code code;
} codes[] = {
	/* the target is occupied, or not in the state for this */
	{ "TaskInProgress", ERR_BUSY },
	{ "VAppTaskInProgress", ERR_BUSY },
	{ "ConcurrentAccess", ERR_BUSY },
	{ "ResourceInUse", ERR_BUSY },
	{ "FileLocked", ERR_BUSY },
	{ "InvalidState", ERR_BUSY },
	{ "InvalidPowerState", ERR_BUSY },
	/* no room, or this host or datastore cannot */
	{ "InsufficientResourcesFault", ERR_CAPACITY },
	{ "InsufficientCpuResourcesFault", ERR_CAPACITY },
	{ "InsufficientMemoryResourcesFault", ERR_CAPACITY },
	{ "InsufficientHostCapacityFault", ERR_CAPACITY },
	{ "InsufficientHostCpuCapacityFault", ERR_CAPACITY },
	{ "InsufficientHostMemoryCapacityFault", ERR_CAPACITY },
	{ "InsufficientFailoverResourcesFault", ERR_CAPACITY },
	{ "NoDiskSpace", ERR_CAPACITY },
	{ "NotEnoughLicenses", ERR_CAPACITY },
	{ "LimitExceeded", ERR_CAPACITY },
	{ "HostNotConnected", ERR_CAPACITY },
	{ "HostNotReachable", ERR_CAPACITY },
	{ "HostCommunication", ERR_CAPACITY },
	{ "HostConnectFault", ERR_CAPACITY },
	{ "InvalidDatastore", ERR_CAPACITY },
	{ "InvalidDatastoreState", ERR_CAPACITY },
	{ "InaccessibleDatastore", ERR_CAPACITY },
	{ "FileFault", ERR_CAPACITY },
	{ "FileNotFound", ERR_CAPACITY },
	{ "CannotAccessFile", ERR_CAPACITY },
	{ "GenericVmConfigFault", ERR_CAPACITY },
	/* Not every host has every portgroup. */
	{ "InvalidDeviceBacking", ERR_CAPACITY },
	{ "CannotAccessNetwork", ERR_CAPACITY },
	/* who are you */
	{ "NotAuthenticated", ERR_AUTH },
	{ "InvalidLogin", ERR_AUTH },
	{ "PasswordExpired", ERR_AUTH },
	{ "NoPermission", ERR_AUTH },
	{ "SecurityError", ERR_AUTH },
	{ "RestrictedByAdministrator", ERR_AUTH },
	/* names and references */
	{ "ManagedObjectNotFound", ERR_NOTFOUND },
	{ "NotFound", ERR_NOTFOUND },
	{ "DuplicateName", ERR_EXISTS },
	{ "AlreadyExists", ERR_EXISTS },
	{ "FileAlreadyExists", ERR_EXISTS },
	/* a human has to change something */
	{ "MethodNotFound", ERR_CONFIG },
	{ "NotSupported", ERR_CONFIG },
	{ "NotImplemented", ERR_CONFIG },
	{ "RestrictedVersion", ERR_CONFIG },
	{ "MethodDisabled", ERR_CONFIG },
	{ "DisallowedMigrationDeviceAttached", ERR_CONFIG },
	{ "DeviceNotSupported", ERR_CONFIG },
	/* A card as sclone.conf has it, such as a MAC address in use. */
	{ "InvalidDeviceSpec", ERR_CONFIG },
	{ "InvalidFolder", ERR_CONFIG },
	{ "InvalidName", ERR_CONFIG },
	/* the request itself is wrong */
	{ "InvalidRequest", ERR_FATAL },
	{ "InvalidArgument", ERR_FATAL },
	{ "InvalidProperty", ERR_FATAL },
	{ "InvalidType", ERR_FATAL },
};

enum err_code fault_code(const char *method, const char *type)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (!strcmp(special[i].type, type) &&
		    !strcmp(special[i].method, method))
			return special[i].code;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (!strcmp(codes[i].type, type))
			return codes[i].code;
	return ERR_TRANSIENT;
}

static void _set_type(struct fault *fault, const char *type)
{
	snprintf(fault->type, sizeof(fault->type), "%s", type);
}

static void _set_text(struct fault *fault, const char *text)
{
	if (text && *text)
		snprintf(fault->text, sizeof(fault->text), "%s", text);
}

/* The object a fault names: "obj" in ManagedObjectNotFound, "object" in
 * DuplicateName and NoPermission. */
static void _read_object(struct fault *fault, const struct xml_node *node)
{
	const struct xml_node *object = xml_child(node, "obj");
	const char *type;

	if (!object)
		object = xml_child(node, "object");
	type = xml_attr(object, "type");
	if (type)
		(void) moref_set(&fault->object, type, xml_text(object), NULL);
}

/* Follow the causes down; each deeper message replaces the one before. */
static void _read_causes(struct fault *fault, const struct xml_node *node)
{
	const struct xml_node *cause = node;

	for (int i = 0; cause && i < XML_DEPTH_MAX; i++) {
		_set_text(fault, xml_child_text(
				 xml_child(cause, "faultMessage"),
				 "message"));
		cause = xml_child(cause, "faultCause");
		_set_text(fault, xml_child_text(cause, "localizedMessage"));
		cause = xml_child(cause, "fault");
	}
}

void fault_read_soap(struct fault *fault, const struct xml_node *node)
{
	const struct xml_node *detail = xml_child(xml_child(node, "detail"),
						  NULL);
	const char *name = xml_name(detail), *type = xml_type(detail);
	size_t len = strlen(name);

	*fault = (struct fault) { .type = "" };
	if (*type)
		_set_type(fault, type);
	else if (len > 5 && !strcmp(name + len - 5, "Fault"))
		snprintf(fault->type, sizeof(fault->type), "%.*s",
			 (int) len - 5, name);
	_set_text(fault, xml_child_text(node, "faultstring"));
	_read_object(fault, detail);
	_read_causes(fault, detail);
}

void fault_read(struct fault *fault, const struct xml_node *node)
{
	const struct xml_node *inner = xml_child(node, "fault");

	*fault = (struct fault) { .type = "" };
	_set_type(fault, xml_type(inner));
	_set_text(fault, xml_child_text(node, "localizedMessage"));
	_read_object(fault, inner);
	_read_causes(fault, inner);
}

int fault_error(const struct fault *fault, const char *method,
		struct err *err)
{
	enum err_code code = fault_code(method, fault->type);

	return err_set(err, code, "%s: %s%s%s", method, fault->type,
		       fault->type[0] && fault->text[0] ? ": " : "",
		       fault->text);
}
