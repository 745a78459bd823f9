/** Words that docker 26.1 has otherwise than newer versions. */
export const formerWords: readonly (readonly [former: string, now: string])[] = [
  ["types.NetworkCreateRequest", "network.CreateRequest"],
  ["NetworkCreateRequest.NetworkCreate.", "CreateRequest."],
  ["NetworkCreateRequest.", "CreateRequest."],
  ["IPAMConfig.NetworkCreate.", "IPAMConfig."],
  ["NetworkConnect.Container", "ConnectOptions.Container"],
  ["NetworkDisconnect.Force", "DisconnectOptions.Force"],
  ['"message":"Pool overlaps', '"message":"invalid pool request: Pool overlaps'],
  ['"message":"invalid name:"', '"message":"network name cannot be empty"'],
  [
    "network-scoped alias is supported only for containers in user defined networks",
    "network-scoped aliases are only supported for user-defined networks",
  ],
  ['"message":"Invalid network mode', '"message":"invalid network mode'],
];

/** Where our answer is another on purpose: by row, and in it by the number of the step. */
export const differences: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  // The key is told too.
  "networks: a number among labels": {
    0: '400 {"message":"invalid JSON: json: cannot unmarshal number into Go struct field CreateRequest.Labels.a of type string"}',
  },
  // There is no scope but that of this machine.
  "networks: a scope of the world": {
    0: '403 {"message":"cannot create a swarm scoped network when swarm is not active"}',
  },
  // There is no scope but that of this machine.
  "networks: a scope nobody knows": {
    1: '200 {"Attachable":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Created":"TIME","Driver":"bridge","EnableIPv6":false,"IPAM":{"Config":[{"Gateway":"POOL","Subnet":"POOL"}],"Driver":"default","Options":null},"Id":"ID1","Ingress":false,"Internal":false,"Labels":{},"Name":"n","Options":{},"Scope":"local"}',
  },
  // In the words of newer versions, with the network's name.
  "networks: a network of configuration alone": {
    6: '403 {"message":"configuration-only network n cannot be used"}',
  },
  // Clients send one empty plan for "as you like".
  "networks: one plan that says nothing": {
    0: '201 {"Id":"ID1","Warning":""}',
  },
  // Clients send one empty plan for "as you like".
  "networks: two plans that say nothing": {
    0: '201 {"Id":"ID1","Warning":""}',
  },
  // The gateway is the next one.
  "networks: an auxiliary address where the gateway would be": {
    0: '201 {"Id":"ID1","Warning":""}',
    1: '200 {"Attachable":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Created":"TIME","Driver":"bridge","EnableIPv6":false,"IPAM":{"Config":[{"AuxiliaryAddresses":{"x":"10.91.0.1"},"Gateway":"10.91.0.2","Subnet":"10.91.0.0/24"}],"Driver":"default","Options":null},"Id":"ID1","Ingress":false,"Internal":false,"Labels":{},"Name":"n","Options":{},"Scope":"local"}',
  },
  // What is wrong with the plan by itself is told first.
  "networks: a subnet twice": {
    0: '403 {"message":"bridge driver doesn\'t support multiple subnets"}',
  },
  // A warning, which Docker does not give.
  "networks: IPv6 without being enabled": {
    0: '201 {"Id":"ID1","Warning":"not used without IPv6: fd91::/64"}',
  },
  // An address is found.
  "networks: IPv6 of all 128 bits": {
    0: '201 {"Id":"ID1","Warning":""}',
  },
  // It is IPv6, which is not enabled.
  "networks: IPv4 within IPv6": {
    0: '201 {"Id":"ID1","Warning":"not used without IPv6: ::ffff:10.91.0.0/120"}',
  },
  // Told in words.
  "networks: a name too long for a bridge": {
    0: '400 {"message":"invalid bridge name: \\"bbbbbbbbbbbbbbbb\\""}',
  },
  // Told in words.
  "networks: an MTU too large": {
    0: '400 {"message":"failed to parse com.docker.network.driver.mtu value: 70000 (value out of range)"}',
  },
  // The older form says true of each value; another is not looked at, as in 20.10.
  "networks: filters by name, as a part and as a pattern": {
    7: '200 [{"Attachable":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Created":"TIME","Driver":"bridge","EnableIPv6":false,"IPAM":{"Config":[{"Subnet":"10.91.0.0/24"}],"Driver":"default","Options":null},"Id":"ID1","Ingress":false,"Internal":false,"Labels":{},"Name":"n","Options":{},"Scope":"local"}]',
  },
  // No value is no filter.
  "networks: filters by type": {
    4: '200 [{"Attachable":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Created":"TIME","Driver":"bridge","EnableIPv6":false,"IPAM":{"Config":[{"Gateway":"POOL","Subnet":"POOL"}],"Driver":"default","Options":null},"Id":"ID2","Ingress":false,"Internal":false,"Labels":{},"Name":"bridge","Options":{"com.docker.network.bridge.default_bridge":"true","com.docker.network.bridge.enable_icc":"true","com.docker.network.bridge.enable_ip_masquerade":"true","com.docker.network.bridge.host_binding_ipv4":"0.0.0.0","com.docker.network.bridge.name":"bwalk0","com.docker.network.driver.mtu":"1500"},"Scope":"local"},{"Attachable":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Created":"TIME","Driver":"host","EnableIPv6":false,"IPAM":{"Config":null,"Driver":"default","Options":null},"Id":"ID1","Ingress":false,"Internal":false,"Labels":{},"Name":"host","Options":{},"Scope":"local"},{"Attachable":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Created":"TIME","Driver":"null","EnableIPv6":false,"IPAM":{"Config":null,"Driver":"default","Options":null},"Id":"ID3","Ingress":false,"Internal":false,"Labels":{},"Name":"none","Options":{},"Scope":"local"}]',
  },
  // Networks that containers use are not dangling, as the manual has it.
  "networks: filters by use": {
    4: "200 []",
    5: '200 [{"Attachable":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Created":"TIME","Driver":"bridge","EnableIPv6":false,"IPAM":{"Config":[{"Subnet":"10.91.0.0/24"}],"Driver":"default","Options":null},"Id":"ID1","Ingress":false,"Internal":false,"Labels":{},"Name":"n","Options":{},"Scope":"local"}]',
  },
  // No such path.
  "networks: removal of what is not there": {
    2: '404 {"message":"page not found"}',
  },
  // In the words of newer versions.
  "networks: removal while a stopped container names it": {
    3: '404 {"message":"failed to set up container networking: network n not found"}',
  },
  // The same words as of one that runs.
  "networks: a container that rests": {
    6: '403 {"message":"container ID2 is not connected to network n"}',
  },
  // A typing error should not look like success.
  "networks: a network that is not there": {
    1: '404 {"message":"network nosuch not found"}',
    2: '404 {"message":"network nosuch not found"}',
    3: '404 {"message":"network nosuch not found"}',
  },
  // Names are shown from the next start.
  "networks: a settings of null": {
    3: '200 {"bridge":{"Aliases":null,"DNSNames":null,"DriverOpts":null,"EndpointID":"","Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAMConfig":null,"IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","Links":null,"MacAddress":"","NetworkID":""},"n":{"Aliases":null,"DNSNames":null,"DriverOpts":null,"EndpointID":"","Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAMConfig":null,"IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","Links":null,"MacAddress":"","NetworkID":""}}',
  },
  // Told of the network first.
  "networks: the host's network": {
    2: '400 {"message":"container cannot be disconnected from host network or connected to host network"}',
  },
  // Refused at once, not at the start.
  "networks: from another's network": {
    4: '400 {"message":"container sharing network namespace with another container or host cannot be connected to any other network"}',
  },
  // Told with the other faults of the request.
  "networks: a taken address": {
    8: '400 {"message":"invalid endpoint settings:\\ninvalid link-local IP address: 10.0.0.1"}',
  },
  // Links there are those of --link alone.
  "networks: aliases, links and an address in the default network": {
    6: '400 {"message":"invalid endpoint settings:\\nlinks are only supported for user-defined networks"}',
    8: "200",
    9: '200 {"bridge":{"Aliases":null,"DNSNames":null,"DriverOpts":null,"EndpointID":"ENDPOINTID","Gateway":"POOL","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAMConfig":null,"IPAddress":"POOL","IPPrefixLen":24,"IPv6Gateway":"","Links":null,"MacAddress":"MACADDRESS","NetworkID":"ID4"},"n":{"Aliases":null,"DNSNames":["cc","SHORT"],"DriverOpts":null,"EndpointID":"ENDPOINTID","Gateway":"10.91.0.1","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAMConfig":null,"IPAddress":"10.91.0.2","IPPrefixLen":24,"IPv6Gateway":"","Links":null,"MacAddress":"MACADDRESS","NetworkID":"ID2"}}',
  },
  // In the words of newer versions.
  "networks: a network that is not there at creation": {
    1: '404 {"message":"failed to set up container networking: network nosuch not found"}',
  },
  // In the words of newer versions.
  "networks: a second network that is not there at creation": {
    1: '404 {"message":"failed to set up container networking: network nosuch not found"}',
  },
  // The network mode is looked at first.
  "networks: DNS settings with another's network": {
    7: '400 {"message":"conflicting options: mac-address and the network mode"}',
  },
  // Refused at once, as by newer versions.
  "networks: ports that are none": {
    0: '400 {"message":"invalid proto: nonsense"}',
    1: '404 {"message":"No such container: cc"}',
    8: '201 {"Id":"ID1","Warnings":[]}',
    10: '400 {"message":"invalid port specification: \\"nonsense\\""}',
    11: '404 {"message":"No such container: cc"}',
  },
  // No options are shown as none.
  "volumes: every field": {
    0: '201 {"CreatedAt":"TIME","Driver":"local","Labels":{"a":"b","c":""},"Mountpoint":"ROOT/data/volumes/vol/_data","Name":"vol","Options":null,"Scope":"local"}',
    1: '200 {"CreatedAt":"TIME","Driver":"local","Labels":{"a":"b","c":""},"Mountpoint":"ROOT/data/volumes/vol/_data","Name":"vol","Options":null,"Scope":"local"}',
    2: '200 {"Volumes":[{"CreatedAt":"TIME","Driver":"local","Labels":{"a":"b","c":""},"Mountpoint":"ROOT/data/volumes/vol/_data","Name":"vol","Options":null,"Scope":"local"}],"Warnings":null}',
  },
  // The key is told too.
  "volumes: wrong types": {
    2: '400 {"message":"invalid JSON: json: cannot unmarshal number into Go struct field CreateOptions.DriverOpts.a of type string"}',
  },
  // With a hint.
  "volumes: a size where there are no quotas": {
    0: '400 {"message":"create vol: quota size requested but no quota support. The data root must lie on xfs or ext4 that is mounted with the option prjquota."}',
  },
  // A volume that is made says so when it is used; 26.1 mounts nothing.
  "volumes: a file system that the kernel does not know": {
    2: '500 {"message":"error while mounting volume \'ROOT/data/volumes/vol/_data\': failed to mount local volume: mount none:ROOT/data/volumes/vol/_data: no such device"}',
  },
  // No such path.
  "volumes: filters that are none": {
    7: '404 {"message":"page not found"}',
  },
  // No such path.
  "volumes: removal": {
    6: '404 {"message":"page not found"}',
  },
  // No options are shown as none.
  "volumes: mounts of volumes": {
    8: '200 {"CreatedAt":"TIME","Driver":"local","Labels":{"a":"b"},"Mountpoint":"ROOT/data/volumes/vol2/_data","Name":"vol2","Options":null,"Scope":"local"}',
  },
  // In the words of 20.10 and the docker CLI; of two that exclude each other neither is chosen.
  "volumes: mounts that are none": {
    16: '400 {"message":"invalid mount config for type \\"volume\\": field BindOptions must not be specified"}',
    18: '400 {"message":"invalid mount config for type \\"volume\\": field TmpfsOptions must not be specified"}',
    36: '400 {"message":"invalid mount config for type \\"bind\\": field VolumeOptions must not be specified"}',
    44: '400 {"message":"mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive"}',
    45: '404 {"message":"No such container: cc"}',
    46: '201 {"Id":"ID3","Warnings":[]}',
    52: '400 {"message":"invalid mount config for type \\"tmpfs\\": field BindOptions must not be specified"}',
    54: '400 {"message":"invalid mount config for type \\"tmpfs\\": field VolumeOptions must not be specified"}',
    56: '201 {"Id":"ID4","Warnings":[]}',
  },
  // Refused at once, not at the start.
  "volumes: tmpfs": {
    7: '400 {"message":"invalid tmpfs option [\\"nonsense\\"]"}',
    8: '404 {"message":"No such container: cc"}',
  },
  // In the words of newer versions.
  "networks: macvlan: addresses that cannot be": {
    5: '403 {"message":"failed to set up container networking: Address already in use"}',
  },
  // Where nobody is a gateway none of the addresses is kept for one.
  "networks: macvlan: internal": {
    4: '200 {"Aliases":null,"DNSNames":["cc","SHORT"],"DriverOpts":null,"EndpointID":"ENDPOINTID","Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAMConfig":null,"IPAddress":"10.91.0.1","IPPrefixLen":24,"IPv6Gateway":"","Links":null,"MacAddress":"MACADDRESS","NetworkID":"ID1"}',
  },
  // The kernel shares a parent among macvlan networks.
  "networks: macvlan: two over one": {
    1: '201 {"Id":"ID2","Warning":""}',
  },
  // A typing error is told.
  "networks: a largest packet that is no number": {
    0: '400 {"message":"failed to parse com.docker.network.driver.mtu value: x (want 68 to 65535)"}',
  },
};
