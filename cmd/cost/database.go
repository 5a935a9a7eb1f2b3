package main

import "fmt"

// storageGB is what an empty cluster takes, rounded up.
const storageGB = 1

// databaseStorage is paid while the cluster pauses, too.
func databaseStorage(s stack, id string) ([]item, error) {
	r := s.Resources[id]
	for _, paid := range []string{"StorageType", "DatabaseInsightsMode"} {
		if r.At(paid) != nil {
			return nil, fmt.Errorf("%s changes the price, and the table has none for it", paid)
		}
	}
	return []item{{Part: partDatabase, What: "storage of an empty database", Price: "aurora-storage-gb-month", Quantity: storageGB}}, nil
}

// databaseInstance runs at the cluster's minimum when it has nothing to do: at 0
// it pauses.
func databaseInstance(s stack, id string) ([]item, error) {
	instance := s.Resources[id]
	if class := instance.Text("DBInstanceClass"); class != "db.serverless" {
		return nil, fmt.Errorf("class %q has a price that the table lacks", class)
	}
	cluster := s.Resources[reference(instance.At("DBClusterIdentifier"))]
	units, err := cluster.Number("ServerlessV2ScalingConfiguration", "MinCapacity")
	if err != nil {
		return nil, err
	}
	return []item{{Part: partDatabase, What: "capacity units at the minimum", Price: "acu-hour", Quantity: hours * units}}, nil
}
